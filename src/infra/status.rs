//! What `status` and `infra ps` say of the shared servers.

use std::collections::BTreeMap;

use super::access::Infra;
use super::added::AddedService;
use super::docker;
use super::engine::{self, Observation};
use super::ensure::is_own;
use super::error::Result;
use super::record::{Engine, Hosting, InfraRecord};
use super::service;
use crate::report::{InfraState, InfraStatus, ServerState, ServiceRow};
use crate::system::Home;

/// Every service of the home, whether it runs or not. Starts nothing.
pub async fn status(home: &Home) -> Result<InfraStatus> {
    let Some(record) = InfraRecord::read(home)? else {
        let (reasons, drift, services) = (Vec::new(), Vec::new(), Vec::new());
        return Ok(InfraStatus { state: InfraState::Absent, engine: None, reasons, drift, services });
    };
    let (observed, unknown) = match engine::observe(home, &record).await {
        Ok(observed) => (observed, None),
        // that the engine does not answer is what `status` has to say, not a reason to say nothing
        Err(error) => (BTreeMap::new(), Some(error.to_string())),
    };
    let mut services: Vec<ServiceRow> =
        service::ALL.into_iter().map(|name| row(name, &record, observed.get(name))).collect();
    services.extend(record.added_services().iter().map(|added| added_row(added, observed.get(&added.name))));
    if let Some(error) = unknown {
        for row in services.iter_mut().filter(|row| is_own(&record, &row.name)) {
            row.reason = Some(error.clone());
        }
    }
    let own = || services.iter().filter(|row| is_own(&record, &row.name));
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
    if let Some(binaries) = record.hostings.postgres.own().and_then(|own| own.binaries.as_ref()) {
        let place = binaries.bin_dir.display();
        reasons.push(format!("PostgreSQL {} in {place}: {}", binaries.version, binaries.reason));
    }
    for lost in &record.lost {
        let place = lost.moved_to.display();
        reasons
            .push(format!("a cluster was lost to a host crash, noticed {}: its files are in {place}", lost.noticed_at));
    }
    reasons
}

fn row(name: &str, record: &InfraRecord, observed: Option<&Observation>) -> ServiceRow {
    let kind = match name {
        service::DB => kind(&record.hostings.postgres),
        service::S3 => kind(&record.hostings.s3),
        service::MAIL => kind(&record.hostings.mail),
        _ => kind(&record.hostings.browser),
    };
    let state = match (kind, observed) {
        (Kind::Disabled, _) => ServerState::Disabled,
        (Kind::External, _) => ServerState::External,
        (Kind::Own, _) if !is_own(record, name) => ServerState::Absent,
        (Kind::Own, Some(observed)) => observed.state,
        (Kind::Own, None) => ServerState::Stopped,
    };
    let own = is_own(record, name);
    ServiceRow {
        name: name.to_owned(),
        version: if own { version(name, record) } else { None },
        pid: observed.and_then(|observed| observed.pid),
        ports: record.ports().into_iter().filter(|(_, _, service)| *service == name).map(|(_, port, _)| port).collect(),
        reason: match observed {
            Some(observed) => observed.reason.clone(),
            None if state == ServerState::Absent => Some("no Chromium was found".to_owned()),
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
    if record.engine != Engine::Docker || Infra::service_names_of(record).is_empty() {
        return None;
    }
    let observed = docker::autoheal::observe(home).await;
    let stopped = || Observation {
        state: ServerState::Stopped,
        pid: None,
        reason: Some("nobody restarts a container that fails; `harness setup` starts it".to_owned()),
    };
    let Observation { state, pid, reason } = observed.unwrap_or_else(stopped);
    let version = Some("restarts containers that fail".to_owned());
    Some(ServiceRow { name: docker::autoheal::NAME.to_owned(), state, version, pid, ports: Vec::new(), reason })
}

#[derive(Clone, Copy)]
enum Kind {
    Disabled,
    External,
    Own,
}

fn kind<T>(place: &Hosting<T>) -> Kind {
    match place {
        Hosting::Disabled => Kind::Disabled,
        Hosting::External(_) => Kind::External,
        Hosting::Own(_) => Kind::Own,
    }
}

fn version(name: &str, record: &InfraRecord) -> Option<String> {
    if record.engine == Engine::Docker {
        return record.image(name).map(str::to_owned);
    }
    match name {
        service::DB => Some(format!("PostgreSQL {}", record.hostings.postgres.own()?.binaries.as_ref()?.version)),
        service::S3 => Some("embedded".to_owned()),
        service::MAIL => Some(match &record.hostings.mail.own()?.program {
            Some(program) => program.display().to_string(),
            None => "embedded".to_owned(),
        }),
        _ => Some(record.hostings.browser.own()?.program.as_ref()?.display().to_string()),
    }
}
