//! Who listens on a port, and whether that is ours: one answer for `ports` and `doctor`, on both engines.
//!
//! A process is ours when it carries the marker of the stack that the port belongs to, or supervises that stack: then the
//! stack is parked. The host ports of a container
//! are held by a process of the engine (`docker-proxy`) or by none at all, so they are ours when the container of the
//! server runs. What the forwarder holds for a browser in a container is not the application: where both listen, the
//! one on loopback or on every address counts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::docker;
use super::record::InfraRecord;
use crate::report::{Engine, ServerState, ServiceRow};
use crate::supervisor::supervised_by;
use crate::system::proc::{Listeners, is_of_stack, marker_value};
use crate::system::{self, Home, PortHolder, StackName};

/// The process or container that listens on a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortOwner {
    /// Its process id, where it is a process that is known.
    pub pid: Option<u32>,
    /// Its command line, or the container's name.
    pub command: String,
    /// Whether it belongs to the stack; `None` where that is not known.
    pub own: Option<bool>,
}

/// The listeners of this machine at one moment, and what is known of the home's own.
pub struct PortOwners {
    home_id: String,
    home: PathBuf,
    listeners: Listeners,
    containers: BTreeMap<u16, String>,
}

impl PortOwners {
    /// Reads the kernel's tables. `servers` are the shared servers as `status` shows them.
    ///
    /// # Errors
    /// The record of the shared servers cannot be read.
    pub fn read(home: &Home, servers: &[ServiceRow]) -> system::Result<Self> {
        let record = InfraRecord::read(home)?.filter(|record| record.engine == Engine::Docker);
        let mut containers = BTreeMap::new();
        for row in servers.iter().filter(|row| has_container(row.state)) {
            let name = record.as_ref().map(|record| docker::container_name(home, record, &row.name));
            containers.extend(name.iter().flat_map(|name| row.ports.iter().map(|port| (*port, name.clone()))));
        }
        let path = home.path().to_owned();
        Ok(Self { home_id: home.id().to_owned(), home: path, listeners: Listeners::read(), containers })
    }

    /// Who listens on a port of a stack (`agent-3`, `infra`); `None` when nothing does.
    pub fn of(&self, port: u16, stack: &str) -> Option<PortOwner> {
        let holder = PortHolder::among(&self.listeners, port)?;
        if let Some(name) = self.containers.get(&port).filter(|_| stack == StackName::Infra.to_string()) {
            return Some(PortOwner { pid: None, command: format!("container `{name}`"), own: Some(true) });
        }
        let own = holder.pid.map(|pid| self.is_member(pid, stack));
        Some(PortOwner { pid: holder.pid, command: holder.command, own })
    }

    fn is_member(&self, pid: u32, stack: &str) -> bool {
        is_of_stack(pid, &marker_value(&self.home_id, stack)) || is_supervisor(pid, &self.home, stack)
    }
}

/// Whether a process is the supervisor of a stack of this home: it listens on the ports of one that is parked.
fn is_supervisor(pid: u32, home: &Path, stack: &str) -> bool {
    let directory = match stack.strip_prefix("agent-") {
        Some(id) => home.join("agents").join(id),
        None => home.join(stack),
    };
    supervised_by(pid).is_some_and(|supervised| directory.canonicalize().is_ok_and(|directory| directory == supervised))
}

/// Whether a server in this state holds its host ports.
fn has_container(state: ServerState) -> bool {
    use ServerState::{Frozen, Paused, Ready, Starting, Unhealthy};
    matches!(state, Ready | Starting | Unhealthy | Frozen | Paused)
}
