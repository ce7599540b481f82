//! `teardown --infra`: stops the home's own servers; with volumes, forgets them.

use super::ensure::lock;
use super::error::Result;
use super::open::Infra;
use super::record::InfraRecord;
use super::{dispatch, lost_record};
use crate::postgres::{self, Server};
use crate::report::{Engine, Events, Removed, RemovedKind};
use crate::system::{self, Home, with_causes};

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TeardownReport {
    /// The services that were stopped, and with volumes the directories of their data.
    pub removed: Vec<Removed>,
    /// Whether anything was recorded at all.
    pub existed: bool,
}

/// Stops every server of this home. Without `volumes` the data, the passwords and PostgreSQL's major version
/// stay, and everything else is decided again at the next `setup`; with it nothing stays but downloaded programs.
///
/// Whether agents still live on these servers is the caller's question.
///
/// # Errors
/// A process survived, or a file could not be removed.
pub async fn teardown(home: &Home, volumes: bool, events: &Events) -> Result<TeardownReport> {
    let _lock = lock(home, "tear down infra", events).await?;
    // the record is written before anything is made: without it, and without data, there is nothing
    let Some(mut record) = read(home)? else {
        let removed = lost_record::find(home, volumes).await?;
        lost_record::remove(home, volumes, events).await?;
        return Ok(TeardownReport { existed: !removed.is_empty(), removed });
    };
    let found = match find(home, &record, volumes, events).await {
        // nothing ever came up: an engine that does not answer must not keep the home from being forgotten
        Err(error) if !record.served && volumes => {
            events.warning("infra", error.to_string());
            InfraRecord::forget(home)?;
            return Ok(TeardownReport { existed: true, ..TeardownReport::default() });
        }
        found => found?,
    };
    let stopped = dispatch::take_down(home, &record, events).await?;
    let mut report = TeardownReport { removed: found, existed: true };
    report.add(RemovedKind::Service, stopped);
    if volumes {
        if report.removed.iter().any(is_external)
            && let Err(error) = leave_external(&record, home).await
        {
            events.warning("infra", stays(home, &error));
            report.removed.retain(|thing| !is_external(thing));
        }
        // the record goes last: without it the data could not be opened
        report.add(RemovedKind::Data, dispatch::remove_data(home, &record).await?);
        InfraRecord::forget(home)?;
    } else {
        dispatch::flush_data(home, &record);
        record.settled = false;
        record.write(home)?;
    }
    Ok(report)
}

/// Stops the servers for a machine that goes down: what was decided stays, and [`super::resume`] starts the same again.
/// Containers are the daemon's, which stops and starts them itself. Says whether any ran.
///
/// # Errors
/// A process survived.
pub async fn stop(home: &Home, events: &Events) -> Result<bool> {
    let _lock = lock(home, "stop infra", events).await?;
    let Some(record) = read(home)?.filter(|record| record.engine == Engine::Native) else { return Ok(false) };
    let stopped = dispatch::take_down(home, &record, events).await?;
    dispatch::flush_data(home, &record);
    Ok(!stopped.is_empty())
}

/// What [`teardown`] would remove, found as it finds it.
///
/// # Errors
/// The engine does not answer.
pub async fn removable(home: &Home, volumes: bool, events: &Events) -> Result<Vec<Removed>> {
    match read(home)? {
        Some(record) => find(home, &record, volumes, events).await,
        None => lost_record::find(home, volumes).await,
    }
}

/// The record; `None` where it is damaged too: what there is tells itself whose it is.
fn read(home: &Home) -> Result<Option<InfraRecord>> {
    match InfraRecord::read(home) {
        Err(system::Error::Damaged { .. }) => Ok(None),
        other => Ok(other?),
    }
}

async fn find(home: &Home, record: &InfraRecord, volumes: bool, events: &Events) -> Result<Vec<Removed>> {
    let running = dispatch::running(home, record).await?;
    let mut found: Vec<Removed> = running.into_iter().map(|name| Removed::new(RemovedKind::Service, name)).collect();
    if volumes {
        found.extend(on_external(home, record, events).await);
        found.extend(dispatch::data(home, record).await?.into_iter().map(|path| Removed::new(RemovedKind::Data, path)));
    }
    Ok(found)
}

impl TeardownReport {
    /// What appeared since it was looked for.
    fn add(&mut self, kind: RemovedKind, names: Vec<String>) {
        for thing in names.into_iter().map(|name| Removed::new(kind, name)) {
            if !self.removed.contains(&thing) {
                self.removed.push(thing);
            }
        }
    }
}

fn external(record: &InfraRecord) -> Option<Server> {
    let server = Infra::of(record.clone()).ok().and_then(|infra| infra.servers.postgres);
    server.filter(|server| server.access.external)
}

/// What this home has on an external PostgreSQL. Without the record no later command would find it, so a server that
/// cannot be reached is named with what stays there.
async fn on_external(home: &Home, record: &InfraRecord, events: &Events) -> Vec<Removed> {
    let Some(server) = external(record) else { return Vec::new() };
    match postgres::drop::plan_home(&server, home.id()).await {
        Ok(found) => {
            let databases = found.databases.into_iter().map(|name| Removed::new(RemovedKind::Database, name));
            databases.chain(found.roles.into_iter().map(|name| Removed::new(RemovedKind::Role, name))).collect()
        }
        Err(error) => {
            events.warning("infra", stays(home, &error));
            Vec::new()
        }
    }
}

fn is_external(thing: &Removed) -> bool {
    matches!(thing.kind, RemovedKind::Database | RemovedKind::Role)
}

fn stays(home: &Home, error: &postgres::Error) -> String {
    format!(
        "templates and roles stay on the external PostgreSQL: {}; their comments begin with `harness {}`",
        with_causes(error),
        home.id()
    )
}

/// Removes it there.
async fn leave_external(record: &InfraRecord, home: &Home) -> postgres::Result<()> {
    if let Some(server) = external(record) {
        postgres::drop::home(&server, home.id()).await?;
    }
    Ok(())
}
