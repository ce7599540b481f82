//! What the containers are doing, for `status` and for the question whether anything has to be done.

use std::collections::BTreeMap;

use bollard::Docker;

use super::connect::connect;
use super::error::Result;
use super::observed::{self, Container, State};
use super::plan::{self, Action};
use super::{autoheal, wanted};
use crate::infra::engine::Observation;
use crate::infra::record::InfraRecord;
use crate::infra::service;
use crate::system::Home;

/// Whether every container runs as described, and is watched. Makes two calls to the engine.
pub(in crate::infra) async fn is_up(home: &Home, record: &InfraRecord) -> Result<bool> {
    if !autoheal::is_up(home).await {
        return Ok(false);
    }
    let docker = connect().await?;
    let wanted = wanted::of(home, record)?;
    let there = observed::containers(&docker, &wanted.project).await?;
    let restarting = there.values().any(|container| container.state == State::Restarting);
    let actions = plan::of(&wanted.document.services, &BTreeMap::new(), &there);
    Ok(!restarting && actions.values().all(|action| *action == Action::Keep))
}

/// The services whose containers have to be made or started, and so need their host ports.
pub(in crate::infra) async fn not_running(home: &Home, record: &InfraRecord) -> Result<Vec<&'static str>> {
    let wanted = wanted::of(home, record)?;
    let there = observed::containers(&connect().await?, &wanted.project).await?;
    let actions = plan::of(&wanted.document.services, &BTreeMap::new(), &there);
    Ok(service::ALL.into_iter().filter(|name| actions.get(*name).is_some_and(Action::takes_ports)).collect())
}

/// Every service that the home runs itself.
pub(in crate::infra) async fn observe(home: &Home, record: &InfraRecord) -> Result<BTreeMap<String, Observation>> {
    let wanted = wanted::of(home, record)?;
    let docker: Docker = connect().await?;
    let there = observed::containers(&docker, &wanted.project).await?;
    let actions = plan::of(&wanted.document.services, &BTreeMap::new(), &there);
    Ok(wanted.document.services.keys().map(|name| (name.clone(), row(there.get(name), &actions[name]))).collect())
}

fn row(container: Option<&Container>, action: &Action) -> Observation {
    let (state, reason) = match (container.map(|container| container.state), action) {
        (None, _) => ("stopped", Some("it has no container".to_owned())),
        (Some(State::Running), Action::Recreate(_, why)) => ("ready", Some(format!("`setup` replaces it: {why}"))),
        (Some(State::Running), _) => ("ready", None),
        (Some(State::Unhealthy), _) => ("unhealthy", Some("its health check fails".to_owned())),
        (Some(State::Paused), _) => ("paused", Some("somebody paused its container".to_owned())),
        (Some(State::Restarting), _) => ("backoff", Some("it ends again and again".to_owned())),
        (Some(State::Stopped), _) => ("stopped", None),
    };
    let reason = reason.or_else(|| {
        container.filter(|_| state == "stopped").map(|container| container.status.clone()).filter(|s| !s.is_empty())
    });
    Observation { state: state.to_owned(), pid: None, reason }
}
