//! Stops and removes what this home made on the engine; with volumes, its data too. What belongs to others is left
//! alone.

use std::collections::HashMap;

use bollard::Docker;
use bollard::query_parameters::{ListNetworksOptionsBuilder, ListVolumesOptionsBuilder, RemoveVolumeOptions};
use futures_util::future::try_join_all;

use super::apply::{remove, stop};
use super::connect::connect;
use super::names::{HOME, PROJECT, Project};
use super::{observed, variables};
use crate::infra::error::docker::{Error, Result, is_not_found};
use crate::infra::record::InfraRecord;
use crate::infra::{self, processes};
use crate::report::Events;
use crate::system::Home;

/// Stops and removes the home's containers and network; returns the names of what is gone.
pub(in crate::infra) async fn take_down(
    home: &Home,
    record: &InfraRecord,
    events: &Events,
) -> infra::Result<Vec<String>> {
    // first: what it watches is about to end
    processes::take_down(home, &Events::silent()).await?;
    let project = Project::of(home, record);
    let task = events.task("infra", "stop the containers");
    let docker = connect().await?;
    // by label, not by what the record lists: a service that is no longer wanted goes too
    let containers = observed::list(&docker, &format!("{HOME}={}", project.home)).await?;
    let ours = containers.iter().filter(|container| project.owns(container.labels.as_ref()));
    let mut removed = try_join_all(ours.map(async |container| {
        let (id, name) = (container.id.as_deref().unwrap_or_default(), observed::name(container));
        stop(&docker, id, &name).await?;
        remove(&docker, id, &name).await?;
        Ok::<_, Error>(format!("container {name}"))
    }))
    .await?;
    removed.sort_unstable();
    removed.extend(remove_networks(&docker, &project).await?);
    task.finish();
    Ok(removed)
}

/// Removes the home's volumes and its compose file; returns the names of what is gone.
pub(in crate::infra) async fn remove_data(home: &Home, record: &InfraRecord) -> infra::Result<Vec<String>> {
    let removed = remove_volumes(&connect().await?, &Project::of(home, record)).await?;
    variables::remove(home)?;
    processes::forget(home)?;
    Ok(removed)
}

fn filters(project: &Project) -> [String; 2] {
    [format!("{HOME}={}", project.home), format!("{PROJECT}={}", project.name)]
}

async fn remove_networks(docker: &Docker, project: &Project) -> Result<Vec<String>> {
    let labels = filters(project);
    let filters = HashMap::from([("label", labels.iter().map(String::as_str).collect())]);
    let options = ListNetworksOptionsBuilder::new().filters(&filters).build();
    let networks = docker.list_networks(Some(options)).await.map_err(Error::call("list networks"))?;
    let mut removed = Vec::new();
    for network in networks.into_iter().filter(|network| project.owns(network.labels.as_ref())) {
        let (id, name) = (network.id.unwrap_or_default(), network.name.unwrap_or_default());
        match docker.remove_network(&id).await {
            Ok(()) => removed.push(format!("network {name}")),
            Err(error) if is_not_found(&error) => {}
            Err(error) => return Err(Error::call(format!("remove the network `{name}`"))(error)),
        }
    }
    Ok(removed)
}

async fn remove_volumes(docker: &Docker, project: &Project) -> Result<Vec<String>> {
    let labels = filters(project);
    let filters = HashMap::from([("label", labels.iter().map(String::as_str).collect())]);
    let options = ListVolumesOptionsBuilder::new().filters(&filters).build();
    let volumes = docker.list_volumes(Some(options)).await.map_err(Error::call("list volumes"))?;
    let mut removed = Vec::new();
    for volume in volumes.volumes.unwrap_or_default().into_iter().filter(|volume| project.owns(Some(&volume.labels))) {
        match docker.remove_volume(&volume.name, None::<RemoveVolumeOptions>).await {
            Ok(()) => removed.push(format!("volume {}", volume.name)),
            Err(error) if is_not_found(&error) => {}
            Err(error) => return Err(Error::call(format!("remove the volume `{}`", volume.name))(error)),
        }
    }
    Ok(removed)
}
