//! How the shared servers are reached. Made from the record alone, so that a command that starts nothing
//! (`teardown`, `psql`) knows the same as `launch`.

use std::path::PathBuf;

use super::error::Result;
use super::record::InfraRecord;
use super::servers::hosted::HostingKind;
use super::servers::list::Servers;
use crate::postgres::Patience;
use crate::project::{InfraSettings, Service};
use crate::report::Engine;
use crate::system::Home;

/// The shared servers of a home.
#[derive(Debug, Clone)]
pub struct Infra {
    /// How each is reached.
    pub servers: Servers,
    /// What runs them.
    pub engine: Engine,
    /// What was decided for this home.
    pub record: InfraRecord,
    /// What the project configures otherwise than was decided, one line each.
    pub drift: Vec<String>,
}

/// What is recorded of a home, whether it runs or not; `None` before the first `setup`.
///
/// # Errors
/// The record cannot be read, or the URL of an external server in it cannot be used.
pub async fn open(home: &Home) -> Result<Option<Infra>> {
    match InfraRecord::read(home)? {
        Some(record) => Ok(Some(Infra::of(record)?.looked_up().await)),
        None => Ok(None),
    }
}

impl Infra {
    /// The servers that a record describes.
    pub(super) fn of(record: InfraRecord) -> Result<Self> {
        let servers = Servers::of(&record.hostings, &record.common())?;
        Ok(Self { servers, engine: record.engine, drift: Vec::new(), record })
    }

    /// The same with what only the running servers know of their addresses.
    pub(super) async fn looked_up(mut self) -> Self {
        self.servers.look_up().await;
        self
    }

    /// The same as one project sees it: without what it has disabled.
    pub(super) fn seen_by(self, settings: &InfraSettings) -> Self {
        Self { servers: self.servers.seen_by(settings), ..self }
    }

    /// The same for a command that must not wait: one that only looks, or an undo, for whose end who pressed Ctrl-C waits. A
    /// server that does not answer keeps what it holds for the next launch or teardown.
    #[must_use]
    pub fn impatient(mut self) -> Self {
        self.servers.postgres = self.servers.postgres.map(|server| server.with_patience(Patience::READING));
        self
    }

    /// The major version of the PostgreSQL that harness runs; `None` for an external server, and before the first start.
    pub fn postgres_major(&self) -> Option<u32> {
        let hosting = self.record.hostings.get(Service::Postgres);
        if !matches!(hosting.kind(), HostingKind::Own) {
            return None;
        }
        if self.engine == Engine::Docker {
            return self.record.docker.postgres_major;
        }
        let version = hosting.version()?;
        version.split(|one: char| !one.is_ascii_digit()).find(|part| !part.is_empty())?.parse().ok()
    }

    /// The directory of a service's own programs (`psql` beside `postgres`): `None` where there is no such
    /// service, `Some(None)` where it has no programs of its own.
    pub fn programs_of(&self, service: &str) -> Option<Option<PathBuf>> {
        if !self.record.service_names().iter().any(|name| name == service) {
            return None;
        }
        Some(Service::of_name(service).and_then(|service| self.record.hostings.get(service).programs()))
    }
}
