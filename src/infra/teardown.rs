//! `teardown --infra`: stops the home's own servers; with volumes, forgets them.

use super::dispatch;
use super::ensure::lock;
use super::error::Result;
use super::open::Infra;
use super::record::InfraRecord;
use crate::postgres;
use crate::report::{Events, Removed, RemovedKind};
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
    // the record is written before anything is made: without it there is nothing
    let Some(mut record) = InfraRecord::read(home)? else { return Ok(TeardownReport::default()) };
    let stopped = match dispatch::take_down(home, &record, events).await {
        // nothing ever came up: an engine that does not answer must not keep the home from being forgotten
        Err(error) if !record.served && volumes => {
            events.warning("infra", error.to_string());
            system::remove_if_exists(&InfraRecord::path(home))?;
            return Ok(TeardownReport { existed: true, ..TeardownReport::default() });
        }
        stopped => stopped?,
    };
    let removed = stopped.into_iter().map(|name| Removed::new(RemovedKind::Service, name)).collect();
    let mut report = TeardownReport { removed, existed: true };
    if volumes {
        report.removed.extend(leave_external(home, &record, events).await);
        // the record goes last: without it the data could not be opened
        let data = dispatch::remove_data(home, &record).await?;
        report.removed.extend(data.into_iter().map(|path| Removed::new(RemovedKind::Data, path)));
        system::remove_if_exists(&InfraRecord::path(home))?;
    } else {
        dispatch::flush_data(home, &record);
        record.settled = false;
        record.write(home)?;
    }
    Ok(report)
}

/// Removes what this home has on an external PostgreSQL. Without the record no later command would find it, so a
/// server that cannot be reached is named with what stays there.
async fn leave_external(home: &Home, record: &InfraRecord, events: &Events) -> Vec<Removed> {
    let server = Infra::of(record.clone()).ok().and_then(|infra| infra.servers.postgres);
    let Some(server) = server.filter(|server| server.access.external) else { return Vec::new() };
    match postgres::drop::home(&server, home.id()).await {
        Ok(dropped) => {
            let databases = dropped.databases.into_iter().map(|name| Removed::new(RemovedKind::Database, name));
            databases.chain(dropped.roles.into_iter().map(|name| Removed::new(RemovedKind::Role, name))).collect()
        }
        Err(error) => {
            let text = format!(
                "templates and roles stay on the external PostgreSQL: {}; their comments begin with `harness {}`",
                with_causes(&error),
                home.id()
            );
            events.warning("infra", text);
            Vec::new()
        }
    }
}
