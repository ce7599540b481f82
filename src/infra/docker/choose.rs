//! What is decided for a home before anything is made.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;

use super::connect::connect;
use super::error::Result;
use super::{compose, image};
use crate::infra::record::DockerRecord;
use crate::infra::service;
use crate::project::{InfraSettings, ServiceSettings};
use crate::report::Events;

/// What the docker engine's part of a new record is.
pub(in crate::infra) fn decide(settings: &InfraSettings) -> DockerRecord {
    let memory: BTreeMap<String, u64> = services(settings)
        .into_iter()
        .filter_map(|(name, settings)| Some((name.to_owned(), settings.memory?)))
        .collect();
    DockerRecord { compose_project: settings.compose_project.clone(), memory, ..DockerRecord::default() }
}

/// The image that the compose file names for a service.
pub(in crate::infra) fn default_image(service: &str) -> Option<String> {
    // any value will do for the variables that have no default: only the image is looked at
    let document = compose::own(&|name| (!name.ends_with("_IMAGE") && is_required(name)).then(|| "-".to_owned()));
    document.ok()?.services.get(service).map(|service| service.image.clone())
}

fn is_required(name: &str) -> bool {
    super::variables::SECRETS.contains(&name) || name == "HARNESS_HOME_ID"
}

/// Whether an engine answers and has every image that the project needs, or can pull it; says so in one line.
///
/// # Errors
/// Why docker will not do.
pub(in crate::infra) async fn available(settings: &InfraSettings, events: &Events) -> Result<String> {
    let docker = connect().await?;
    let wanted = services(settings).into_iter().filter(|(_, settings)| !settings.disabled && settings.url.is_none());
    let images: Vec<(&str, String)> = wanted
        .filter_map(|(name, settings)| Some((name, settings.image.clone().or_else(|| default_image(name))?)))
        .collect();
    // one that cannot be had must not cost the download of the others
    try_join_all(images.iter().map(async |(name, image)| image::check_available(&docker, name, image).await)).await?;
    try_join_all(images.iter().map(async |(name, image)| image::ensure(&docker, name, image, events).await)).await?;
    Ok("a Docker engine answers and has every image".to_owned())
}

fn services(settings: &InfraSettings) -> [(&'static str, &ServiceSettings); 4] {
    [
        (service::DB, &settings.postgres.service),
        (service::S3, &settings.s3),
        (service::MAIL, &settings.mail),
        (service::BROWSER, &settings.browser),
    ]
}
