//! What the containers are doing, for `status` and for the question whether anything has to be done.

use std::collections::BTreeMap;
use std::time::Duration;

use bollard::Docker;
use futures_util::future::join_all;

use super::connect::connect;
use super::observed::{self, Container, State};
use super::plan::{self, Action};
use super::{autoheal, wanted};
use crate::infra::error::docker::Result;
use crate::infra::observation::Observation;
use crate::infra::record::InfraRecord;
use crate::infra::{self, answers};
use crate::project::Service;
use crate::report::ServerState;
use crate::system::Home;

/// For the answer of a server of which Docker does not say that it is healthy.
const PATIENCE: Duration = Duration::from_secs(1);

/// Whether every container runs as described, answers, and is watched. Makes two calls to the engine.
pub(in crate::infra) async fn is_up(home: &Home, record: &InfraRecord) -> infra::Result<bool> {
    if !autoheal::is_up(home).await {
        return Ok(false);
    }
    let docker = connect().await?;
    let wanted = wanted::of(home, record)?;
    let there = observed::containers(&docker, &wanted.project).await?;
    let actions = plan::of(&wanted.document.services, &BTreeMap::new(), &there);
    let restarting = there.values().any(|container| container.state == State::Restarting);
    if restarting || actions.values().any(|action| *action != Action::Keep) {
        return Ok(false);
    }
    let seen = probe(record, &there).await;
    Ok(seen.values().all(|answers| *answers))
}

/// Asks those servers that Docker does not call healthy: its health checks come seconds apart, and one that was just
/// started or unpaused still has its earlier state.
async fn probe(record: &InfraRecord, there: &BTreeMap<String, Container>) -> BTreeMap<String, bool> {
    let in_doubt = |name: &&str| {
        let state = there.get(*name).map(|container| container.state);
        matches!(state, Some(State::Starting | State::Unhealthy))
    };
    let asked = Service::ALL.map(Service::name).into_iter().filter(in_doubt);
    let answers = asked.map(async |name| (name.to_owned(), answers::one(record, name, PATIENCE).await));
    join_all(answers).await.into_iter().collect()
}

/// The services whose containers have to be made or started, and so need their host ports.
pub(in crate::infra) async fn not_running(home: &Home, record: &InfraRecord) -> Result<Vec<Service>> {
    let wanted = wanted::of(home, record)?;
    let there = observed::containers(&connect().await?, &wanted.project).await?;
    let actions = plan::of(&wanted.document.services, &BTreeMap::new(), &there);
    let down = |service: &Service| actions.get(service.name()).is_some_and(Action::takes_ports);
    Ok(Service::ALL.into_iter().filter(down).collect())
}

/// Every service that the home runs itself.
pub(in crate::infra) async fn observe(
    home: &Home,
    record: &InfraRecord,
) -> infra::Result<BTreeMap<String, Observation>> {
    let wanted = wanted::of(home, record)?;
    let docker: Docker = connect().await?;
    let there = observed::containers(&docker, &wanted.project).await?;
    let actions = plan::of(&wanted.document.services, &BTreeMap::new(), &there);
    let seen = probe(record, &there).await;
    let rows = wanted.document.services.keys();
    Ok(rows.map(|name| (name.clone(), row(there.get(name), &actions[name], seen.get(name).copied()))).collect())
}

/// `answers` is what harness's own probe says, where it was asked.
fn row(container: Option<&Container>, action: &Action, answers: Option<bool>) -> Observation {
    let state = container.map(|container| container.state);
    let (state, reason) = match (state, action) {
        (None, _) => (ServerState::Stopped, Some("it has no container".to_owned())),
        (Some(State::Running), Action::Recreate(_, why)) => {
            (ServerState::Ready, Some(format!("`setup` replaces it: {why}")))
        }
        (Some(State::Running), _) => (ServerState::Ready, None),
        (Some(State::Starting | State::Unhealthy), _) if answers == Some(true) => (ServerState::Ready, None),
        (Some(State::Starting), _) if answers == Some(false) => {
            (ServerState::Starting, Some("it does not answer yet".to_owned()))
        }
        (Some(State::Starting), _) => (ServerState::Starting, Some("its health check has not passed yet".to_owned())),
        (Some(State::Unhealthy), _) => (ServerState::Unhealthy, Some("its health check fails".to_owned())),
        (Some(State::Paused), _) => {
            (ServerState::Frozen, Some("its container is paused; harness resumes it within 30 s".to_owned()))
        }
        (Some(State::Restarting), _) => (ServerState::Backoff, Some("it ends again after every restart".to_owned())),
        (Some(State::Stopped), _) => (ServerState::Stopped, None),
    };
    let reason = reason.or_else(|| {
        container
            .filter(|_| state == ServerState::Stopped)
            .map(|container| container.status.clone())
            .filter(|s| !s.is_empty())
    });
    Observation { state, pid: None, reason }
}
