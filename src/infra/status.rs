//! What `status` and `infra ps` show of the shared servers.

use std::collections::BTreeMap;
use std::time::Duration;

use super::docker_record::AddedService;
use super::error::Result;
use super::observation::Observation;
use super::record::InfraRecord;
use super::servers::hosted::{Hosted, HostingKind};
use super::{answers, dispatch, docker};
use crate::project::Service;
use crate::report::{Diagnostic, Engine, InfraState, InfraStatus, ServerState, ServiceRow};
use crate::system::Home;

/// For a sign of life of each server: half of what a command that only reads may take.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Every service of the home, whether it runs or not. Starts nothing.
pub async fn status(home: &Home) -> Result<InfraStatus> {
    let Some(record) = InfraRecord::read(home)? else {
        let (reasons, drift, services) = (Vec::new(), Vec::new(), Vec::new());
        return Ok(InfraStatus { state: InfraState::Absent, engine: None, reasons, drift, services });
    };
    let (mut observed, unknown) = match dispatch::observe(home, &record).await {
        Ok(observed) => (observed, None),
        // that the engine does not answer is what `status` has to say, not a reason to say nothing
        Err(error) => {
            let remedy = error.hint().map_or_else(String::new, |hint| format!("; {hint}"));
            (BTreeMap::new(), Some(format!("{error}{remedy}")))
        }
    };
    let running = |name: &str| {
        let state = observed.get(name).map(|observed| observed.state);
        matches!(
            state,
            Some(ServerState::Ready | ServerState::Starting | ServerState::Unhealthy | ServerState::Unsupervised)
        )
    };
    for name in answers::silent(&record, running, PATIENCE).await {
        let reason = "it accepts connections and does not answer; harness restarts it within 30 s".to_owned();
        if let Some(observed) = observed.get_mut(name) {
            (observed.state, observed.reason) = (ServerState::Frozen, Some(reason));
        }
    }
    let mut services: Vec<ServiceRow> =
        Service::ALL.into_iter().map(|service| row(service, &record, observed.get(service.name()))).collect();
    services.extend(record.added_services().iter().map(|added| added_row(added, observed.get(&added.name))));
    let names = record.service_names();
    if let Some(error) = unknown {
        for row in services.iter_mut().filter(|row| names.contains(&row.name)) {
            row.reason = Some(error.clone());
        }
    }
    let own = || services.iter().filter(|row| names.contains(&row.name));
    let watch = watch_row(home, &record).await;
    let watched = watch.as_ref().is_none_or(|row| row.state == ServerState::Ready);
    let state = if own().all(|row| row.state == ServerState::Ready) && watched {
        InfraState::Running
    } else if own().all(|row| row.state == ServerState::Stopped) {
        InfraState::Stopped
    } else {
        InfraState::Degraded
    };
    services.extend(watch);
    Ok(InfraStatus { state, engine: Some(record.engine), reasons: reasons(&record), drift: Vec::new(), services })
}

fn reasons(record: &InfraRecord) -> Vec<String> {
    let mut reasons = vec![format!("engine {}: {}", record.engine.as_str(), record.engine_reason)];
    reasons.extend(record.hostings.all().into_iter().filter_map(Hosted::choice));
    for lost in &record.lost {
        let place = lost.moved_to.display();
        reasons.push(format!(
            "a crash of the machine damaged a cluster (found {}): its files are in {place}",
            lost.noticed_at
        ));
    }
    reasons
}

fn row(service: Service, record: &InfraRecord, observed: Option<&Observation>) -> ServiceRow {
    let server = record.hostings.get(service);
    let own = server.runs(record.engine);
    let state = match (server.kind(), observed) {
        (HostingKind::Disabled, _) => ServerState::Disabled,
        (HostingKind::External(_), _) => ServerState::External,
        (HostingKind::Own, _) if !own => ServerState::Absent,
        (HostingKind::Own, Some(observed)) => observed.state,
        (HostingKind::Own, None) => ServerState::Stopped,
    };
    let version = match record.engine {
        Engine::Docker => server.image().map(str::to_owned),
        Engine::Native => server.version(),
    };
    ServiceRow {
        name: service.name().to_owned(),
        version: version.filter(|_| own),
        pid: observed.and_then(|observed| observed.pid),
        ports: server.ports(record.engine).into_iter().map(|(_, port)| port).collect(),
        reason: match observed {
            Some(observed) => observed.reason.clone(),
            None if state == ServerState::Absent => Some(server.absent().to_owned()),
            None => None,
        },
        state,
    }
}

/// A service of a user's own compose file.
fn added_row(added: &AddedService, observed: Option<&Observation>) -> ServiceRow {
    ServiceRow {
        name: added.name.clone(),
        state: observed.map_or_else(|| ServerState::Stopped, |observed| observed.state),
        version: Some(added.image.clone()),
        pid: None,
        ports: added.ports.clone(),
        reason: observed.and_then(|observed| observed.reason.clone()),
    }
}

/// The process that restarts containers; there is none where there are no containers.
async fn watch_row(home: &Home, record: &InfraRecord) -> Option<ServiceRow> {
    if record.engine != Engine::Docker || record.service_names().is_empty() {
        return None;
    }
    let observed = docker::autoheal::observe(home).await;
    let stopped = || Observation {
        state: ServerState::Stopped,
        pid: None,
        reason: Some("it is not running, so a container that fails stays down; `harness setup` starts it".to_owned()),
    };
    let Observation { state, pid, reason } = observed.unwrap_or_else(stopped);
    let version = Some("restarts containers that fail".to_owned());
    Some(ServiceRow { name: docker::autoheal::NAME.to_owned(), state, version, pid, ports: Vec::new(), reason })
}
