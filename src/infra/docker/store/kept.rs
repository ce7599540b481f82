//! The engine that a home's stores are on, and what they have there.
//!
//! The address is noted when the first of them is prepared, so that every later command, from whatever shell, asks the same
//! engine, and a home without such stores asks none.

use std::collections::HashMap;
use std::path::PathBuf;

use bollard::Docker;
use bollard::models::ContainerSummary;
use bollard::query_parameters::ListContainersOptionsBuilder;

use super::container::{HOME, STACK, STORE};
use crate::infra::docker::connect::{Address, connect_to, find};
use crate::infra::docker::{apply, image, observed};
use crate::infra::error::docker::{Error, Result};
use crate::report::Events;
use crate::system::{self, Home};

/// A container of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreContainer {
    /// Its name.
    pub name: String,
    /// The stack that it belongs to: `agent-3`.
    pub stack: String,
    /// The store.
    pub store: String,
}

/// Sees to it that there is an engine, and that it has the image of a store.
///
/// # Errors
/// There is none, or no registry gives the image.
pub async fn prepare(
    home: &Home,
    store: &str,
    name: &str,
    environment: &dyn Fn(&str) -> Option<String>,
    events: &Events,
) -> Result<()> {
    let address = match noted(home)? {
        Some(address) => address,
        None => find(environment)?,
    };
    let docker = connect_to(&address).await?;
    image::ensure(&docker, store, name, events).await.map_err(|error| match error {
        Error::Image { image, service, problem, said, .. } => {
            Error::Image { image, service, setting: format!("`stores.{store}.image`"), problem, said }
        }
        other => other,
    })?;
    let path = note(home);
    if let Some(directory) = path.parent() {
        system::create_private_dir(directory, 0o700)?;
    }
    Ok(system::write_atomic(&path, address.url.as_bytes(), 0o600)?)
}

/// The engine of the home's stores.
pub(super) async fn engine(home: &Home) -> Result<Docker> {
    match noted(home)? {
        Some(address) => connect_to(&address).await,
        None => connect_to(&find(&|name| std::env::var(name).ok())?).await,
    }
}

/// The containers of the home's stores, running or not. An engine that does not answer runs none.
///
/// # Errors
/// It answers with an error.
pub async fn found(home: &Home) -> Result<Vec<StoreContainer>> {
    let Some((_, containers)) = look(home, &[]).await? else { return Ok(Vec::new()) };
    Ok(containers.iter().map(described).collect())
}

/// Ends and removes those of a stack, or of one store of it; returns their names.
///
/// # Errors
/// The engine refuses.
pub async fn remove(home: &Home, stack: &str, store: Option<&str>) -> Result<Vec<String>> {
    let mut labels = vec![(STACK, stack)];
    labels.extend(store.map(|store| (STORE, store)));
    let Some((docker, containers)) = look(home, &labels).await? else { return Ok(Vec::new()) };
    let mut removed = Vec::new();
    for container in containers {
        let name = observed::name(&container);
        apply::remove(&docker, &name, &name).await?;
        removed.push(name);
    }
    Ok(removed)
}

async fn look(home: &Home, labels: &[(&str, &str)]) -> Result<Option<(Docker, Vec<ContainerSummary>)>> {
    let Some(address) = noted(home)? else { return Ok(None) };
    let Ok(docker) = connect_to(&address).await else { return Ok(None) };
    let labels = labels.iter().copied().chain([(HOME, home.id())]);
    let filters =
        HashMap::from([("label".to_owned(), labels.map(|(name, value)| format!("{name}={value}")).collect())]);
    let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
    let containers = docker.list_containers(Some(options)).await.map_err(Error::call("list containers"))?;
    Ok(Some((docker, containers)))
}

fn described(container: &ContainerSummary) -> StoreContainer {
    let label = |name: &str| container.labels.as_ref().and_then(|labels| labels.get(name)).cloned().unwrap_or_default();
    StoreContainer { name: observed::name(container), stack: label(STACK), store: label(STORE) }
}

/// Beside the templates of stores, with which it goes.
fn note(home: &Home) -> PathBuf {
    home.path().join("stores").join("engine.txt")
}

fn noted(home: &Home) -> Result<Option<Address>> {
    let Some(bytes) = system::read_optional(&note(home))? else { return Ok(None) };
    Ok(Some(Address { url: String::from_utf8_lossy(&bytes).trim().to_owned(), origin: "the home's stores".to_owned() }))
}
