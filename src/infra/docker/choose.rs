//! What is decided for a home before anything is made.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;

use super::connect::connect;
use super::{image, variables};
use crate::infra::compose;
use crate::infra::docker_record::DockerRecord;
use crate::infra::error::docker::Result;
use crate::infra::servers::list::Hostings;
use crate::project::{InfraSettings, ServiceSettings};
use crate::report::Events;

/// The docker engine's part of a new record.
pub(in crate::infra) fn decide(settings: &InfraSettings) -> DockerRecord {
    let memory: BTreeMap<String, u64> = services(settings)
        .into_iter()
        .filter_map(|(name, settings)| Some((name.to_owned(), settings.memory?)))
        .collect();
    DockerRecord { compose_project: settings.compose_project.clone(), memory, ..DockerRecord::default() }
}

/// The images that the embedded compose file names, by service.
pub(in crate::infra) fn default_images() -> BTreeMap<String, String> {
    // any value will do for the variables that have no default: only the images are looked at
    let document = compose::own(&|name| (!name.ends_with("_IMAGE")).then(|| variables::sample(name)).flatten());
    let services = document.map(|document| document.services).unwrap_or_default();
    services.into_iter().map(|(name, service)| (name, service.image)).collect()
}

/// Whether an engine answers and has every image that the project needs, or can pull it; says so in one line.
///
/// # Errors
/// Why docker cannot be used.
pub(in crate::infra) async fn available(settings: &InfraSettings, events: &Events) -> Result<String> {
    let docker = connect().await?;
    let wanted = services(settings).into_iter().filter(|(_, settings)| !settings.disabled && settings.url.is_none());
    let defaults = default_images();
    let images: Vec<(&str, String)> = wanted
        .filter_map(|(name, settings)| Some((name, settings.image.clone().or_else(|| defaults.get(name).cloned())?)))
        .collect();
    // one that is not available must not cost the download of the others
    try_join_all(images.iter().map(async |(name, image)| image::check_available(&docker, name, image).await)).await?;
    try_join_all(images.iter().map(async |(name, image)| image::ensure(&docker, name, image, events).await)).await?;
    Ok("a Docker engine answers and has all images".to_owned())
}

/// What a project configures for each server, by the server's name.
fn services(settings: &InfraSettings) -> Vec<(&'static str, &ServiceSettings)> {
    Hostings::none().all().into_iter().map(|server| (server.name(), server.settings(settings))).collect()
}
