//! Stops and removes what this home made on the engine; with volumes, its data too. What belongs to others is left
//! alone.

use std::collections::{BTreeSet, HashMap};

use bollard::Docker;
use bollard::models::{ContainerSummary, Network, Volume};
use bollard::query_parameters::{ListNetworksOptionsBuilder, ListVolumesOptionsBuilder, RemoveVolumeOptions};
use futures_util::future::try_join_all;

use super::apply::{remove, stop};
use super::connect::connect;
use super::names::{HOME, PROJECT, Project};
use super::{observed, variables};
use crate::infra::error::docker::{Error, Result, is_not_found};
use crate::infra::record::InfraRecord;
use crate::infra::{self, processes};
use crate::report::{Events, Removed, RemovedKind};
use crate::system::Home;

/// Stops and removes the home's containers and network; returns the names of what is gone.
pub(in crate::infra) async fn take_down(
    home: &Home,
    record: &InfraRecord,
    events: &Events,
) -> infra::Result<Vec<String>> {
    // first: what it watches is about to end
    processes::take_down(home, &Events::silent()).await?;
    let task = events.task("infra", "stop the containers");
    let removed = remove_running(&connect().await?, &Project::of(home, record)).await?;
    task.finish();
    Ok(removed)
}

/// What [`take_down`] would remove.
pub(in crate::infra) async fn running(home: &Home, record: &InfraRecord) -> infra::Result<Vec<String>> {
    Ok(Things::of(&connect().await?, &Project::of(home, record)).await?.running())
}

/// Removes the home's volumes and its compose file; returns the names of what is gone.
pub(in crate::infra) async fn remove_data(home: &Home, record: &InfraRecord) -> infra::Result<Vec<String>> {
    let removed = remove_volumes(&connect().await?, &Project::of(home, record)).await?;
    variables::remove(home)?;
    processes::forget(home)?;
    Ok(removed)
}

/// What [`remove_data`] would remove.
pub(in crate::infra) async fn data(home: &Home, record: &InfraRecord) -> infra::Result<Vec<String>> {
    Ok(Things::of(&connect().await?, &Project::of(home, record)).await?.data())
}

/// What is here of a home whose record is lost, whatever its compose project was called. An engine that does not answer
/// has nothing, unless the home has a compose file.
pub(in crate::infra) async fn of_lost_record(home: &Home) -> Result<Vec<Removed>> {
    let Some((docker, projects)) = projects(home).await? else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for project in projects {
        let things = Things::of(&docker, &project).await?;
        found.extend(things.running().into_iter().map(|name| Removed::new(RemovedKind::Service, name)));
        found.extend(things.data().into_iter().map(|name| Removed::new(RemovedKind::Data, name)));
    }
    Ok(found)
}

/// Removes it; the volumes only with `volumes`.
pub(in crate::infra) async fn remove_of_lost_record(home: &Home, volumes: bool) -> infra::Result<()> {
    if let Some((docker, projects)) = projects(home).await? {
        for project in projects {
            remove_running(&docker, &project).await?;
            if volumes {
                remove_volumes(&docker, &project).await?;
            }
        }
    }
    if volumes {
        variables::remove(home)?;
    }
    Ok(())
}

/// The compose projects in which the home has something.
async fn projects(home: &Home) -> Result<Option<(Docker, Vec<Project>)>> {
    let docker = match connect().await {
        Ok(docker) => docker,
        Err(error) if variables::directory(home).exists() => return Err(error),
        Err(_) => return Ok(None),
    };
    let label = format!("{HOME}={}", home.id());
    let name = |labels: Option<&HashMap<String, String>>| labels.and_then(|labels| labels.get(PROJECT)).cloned();
    let mut names: BTreeSet<String> =
        observed::list(&docker, &label).await?.iter().filter_map(|it| name(it.labels.as_ref())).collect();
    let filters = [label];
    names.extend(volumes(&docker, &filters).await?.iter().filter_map(|it| name(Some(&it.labels))));
    names.extend(networks(&docker, &filters).await?.iter().filter_map(|it| name(it.labels.as_ref())));
    let of = |name| Project { name, home: home.id().to_owned() };
    Ok(Some((docker, names.into_iter().map(of).collect())))
}

/// What a project of this home has on the engine.
struct Things {
    containers: Vec<ContainerSummary>,
    networks: Vec<Network>,
    volumes: Vec<Volume>,
}

impl Things {
    /// By label, not by what the record lists: a service that is no longer wanted goes too.
    async fn of(docker: &Docker, project: &Project) -> Result<Self> {
        let labels = [format!("{HOME}={}", project.home), format!("{PROJECT}={}", project.name)];
        let mut things = Self {
            containers: observed::list(docker, &labels[0]).await?,
            networks: networks(docker, &labels).await?,
            volumes: volumes(docker, &labels).await?,
        };
        things.containers.retain(|container| project.owns(container.labels.as_ref()));
        things.networks.retain(|network| project.owns(network.labels.as_ref()));
        things.volumes.retain(|volume| project.owns(Some(&volume.labels)));
        things.containers.sort_unstable_by_key(observed::name);
        Ok(things)
    }

    fn running(&self) -> Vec<String> {
        let containers = self.containers.iter().map(|container| format!("container {}", observed::name(container)));
        let networks = self.networks.iter().map(|network| format!("network {}", network.name.as_deref().unwrap_or("")));
        containers.chain(networks).collect()
    }

    fn data(&self) -> Vec<String> {
        self.volumes.iter().map(|volume| format!("volume {}", volume.name)).collect()
    }
}

async fn remove_running(docker: &Docker, project: &Project) -> Result<Vec<String>> {
    let things = Things::of(docker, project).await?;
    try_join_all(things.containers.iter().map(async |container| {
        let (id, name) = (container.id.as_deref().unwrap_or_default(), observed::name(container));
        stop(docker, id, &name).await?;
        remove(docker, id, &name).await
    }))
    .await?;
    for network in &things.networks {
        let (id, name) = (network.id.as_deref().unwrap_or_default(), network.name.as_deref().unwrap_or_default());
        match docker.remove_network(id).await {
            Err(error) if !is_not_found(&error) => {
                return Err(Error::call(format!("remove the network `{name}`"))(error));
            }
            _ => {}
        }
    }
    Ok(things.running())
}

async fn remove_volumes(docker: &Docker, project: &Project) -> Result<Vec<String>> {
    let things = Things::of(docker, project).await?;
    for volume in &things.volumes {
        match docker.remove_volume(&volume.name, None::<RemoveVolumeOptions>).await {
            Err(error) if !is_not_found(&error) => {
                return Err(Error::call(format!("remove the volume `{}`", volume.name))(error));
            }
            _ => {}
        }
    }
    Ok(things.data())
}

async fn networks(docker: &Docker, labels: &[String]) -> Result<Vec<Network>> {
    let filters = HashMap::from([("label", labels.iter().map(String::as_str).collect())]);
    let options = ListNetworksOptionsBuilder::new().filters(&filters).build();
    docker.list_networks(Some(options)).await.map_err(Error::call("list networks"))
}

async fn volumes(docker: &Docker, labels: &[String]) -> Result<Vec<Volume>> {
    let filters = HashMap::from([("label", labels.iter().map(String::as_str).collect())]);
    let options = ListVolumesOptionsBuilder::new().filters(&filters).build();
    let volumes = docker.list_volumes(Some(options)).await.map_err(Error::call("list volumes"))?;
    Ok(volumes.volumes.unwrap_or_default())
}
