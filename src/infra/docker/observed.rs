//! What exists: the containers of the project, as one call to the engine reports them.

use std::collections::{BTreeMap, HashMap};

use bollard::Docker;
use bollard::models::{ContainerSummary, ContainerSummaryStateEnum};
use bollard::query_parameters::ListContainersOptionsBuilder;

use super::names::{CONFIG_HASH, IMAGE, PROJECT, Project, SERVICE, whose};
use crate::infra::error::docker::{Error, Result};

/// One container of this home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Container {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) state: State,
    pub(super) config_hash: String,
    pub(super) image_id: String,
    /// `Up 2 minutes (healthy)`.
    pub(super) status: String,
}

/// What a container is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Made or ended.
    Stopped,
    /// It runs, and its health check, if it has one, passes.
    Running,
    /// It runs, and its health check has not passed yet.
    Starting,
    /// It runs, and its health check fails.
    Unhealthy,
    /// Its container is paused.
    Paused,
    /// It ends repeatedly.
    Restarting,
}

/// The containers of the project by service.
///
/// # Errors
/// [`Error::Foreign`] when one of them is not this home's: then nothing of the project may be touched.
pub(super) async fn containers(docker: &Docker, project: &Project) -> Result<BTreeMap<String, Container>> {
    let mut containers = BTreeMap::new();
    for summary in list(docker, &format!("{PROJECT}={}", project.name)).await? {
        let name = name(&summary);
        if !project.owns(summary.labels.as_ref()) {
            return Err(Error::Foreign { kind: "container", name, whose: whose(summary.labels.as_ref()) });
        }
        // further ones of a service were made by the user
        if let Some(service) = label(summary.labels.as_ref(), SERVICE)
            && name == project.container(&service)
        {
            containers.insert(service, of(summary, name));
        }
    }
    Ok(containers)
}

/// Every container with this label, in any state.
pub(super) async fn list(docker: &Docker, label: &str) -> Result<Vec<ContainerSummary>> {
    let filters = HashMap::from([("label", vec![label])]);
    let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
    docker.list_containers(Some(options)).await.map_err(Error::call("list containers"))
}

pub(super) fn name(summary: &ContainerSummary) -> String {
    let name = summary.names.as_ref().and_then(|names| names.first()).map_or("", String::as_str);
    name.trim_start_matches('/').to_owned()
}

fn label(labels: Option<&HashMap<String, String>>, name: &str) -> Option<String> {
    labels.and_then(|labels| labels.get(name)).cloned()
}

fn of(summary: ContainerSummary, name: String) -> Container {
    let labels = summary.labels.as_ref();
    let status = summary.status.unwrap_or_default();
    Container {
        name,
        state: match summary.state {
            Some(ContainerSummaryStateEnum::RUNNING) if status.contains("(unhealthy)") => State::Unhealthy,
            Some(ContainerSummaryStateEnum::RUNNING) if status.contains("(health: starting)") => State::Starting,
            Some(ContainerSummaryStateEnum::RUNNING) => State::Running,
            Some(ContainerSummaryStateEnum::PAUSED) => State::Paused,
            Some(ContainerSummaryStateEnum::RESTARTING) => State::Restarting,
            _ => State::Stopped,
        },
        config_hash: label(labels, CONFIG_HASH).unwrap_or_default(),
        image_id: label(labels, IMAGE).unwrap_or_default(),
        id: summary.id.unwrap_or_default(),
        status,
    }
}
