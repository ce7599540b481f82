//! Which engine runs the servers of a home, and the one place where engines part.
//!
//! The choice is made once and recorded with its reason.

use std::collections::BTreeMap;

use super::error::{Error, Result};
use super::record::{Engine, InfraRecord};
use super::{docker, native, ports, processes};
use crate::project::{EngineChoice, InfraSettings};
use crate::report::{Events, ServerState};
use crate::system::Home;

/// What an engine says of one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Observation {
    /// Its state.
    pub(super) state: ServerState,
    /// Process id of its leader.
    pub(super) pid: Option<u32>,
    /// Why it is in this state.
    pub(super) reason: Option<String>,
}

/// Decides, and says why in one line. Docker is only chosen where every image is at hand afterwards.
pub(super) async fn choose(settings: &InfraSettings, events: &Events) -> Result<(Engine, String)> {
    match settings.engine {
        EngineChoice::Native => Ok((Engine::Native, "the configuration asks for it".to_owned())),
        EngineChoice::Docker => Ok((Engine::Docker, "the configuration asks for it".to_owned())),
        EngineChoice::Auto => Ok(match docker::available(settings, events).await {
            Ok(reason) => (Engine::Docker, format!("engine = \"auto\": {reason}")),
            Err(error) => (Engine::Native, format!("engine = \"auto\": {error}")),
        }),
    }
}

/// Whether all of these services run as they should.
pub(super) async fn is_up(home: &Home, record: &InfraRecord, services: &[&str]) -> Result<bool> {
    match record.engine {
        Engine::Native => native::is_up(home, services).await,
        Engine::Docker => docker::is_up(home, record).await,
    }
}

/// The services of the record that the engine should run and does not.
pub(super) async fn not_running(home: &Home, record: &InfraRecord) -> Result<Vec<&'static str>> {
    match record.engine {
        Engine::Native => native::not_running(home, record).await,
        Engine::Docker => docker::not_running(home, record).await.map_err(Error::from),
    }
}

/// Refuses host ports of these services that somebody else has.
pub(super) async fn check_ports(record: &InfraRecord, services: &[&'static str]) -> Result<()> {
    match record.engine {
        Engine::Native => ports::check_free(record, services),
        Engine::Docker => docker::check_ports(record, services).await,
    }
}

/// Starts these services and waits until every server answers; fills in what is learnt on the way.
pub(super) async fn bring_up(
    home: &Home,
    record: &mut InfraRecord,
    services: &[&'static str],
    events: &Events,
) -> Result<()> {
    match record.engine {
        Engine::Native => native::bring_up(home, record, services, events).await,
        Engine::Docker => docker::bring_up(home, record, events).await,
    }
}

/// What the engine says of every service that it knows.
pub(super) async fn observe(home: &Home, record: &InfraRecord) -> Result<BTreeMap<String, Observation>> {
    match record.engine {
        Engine::Native => processes::observe(home).await,
        Engine::Docker => docker::observe(home, record).await,
    }
}

/// Stops every server and proves it; returns the names of those that ran.
pub(super) async fn take_down(home: &Home, record: &InfraRecord, events: &Events) -> Result<Vec<String>> {
    match record.engine {
        Engine::Native => processes::take_down(home, events).await,
        Engine::Docker => docker::take_down(home, record, events).await,
    }
}

/// After a stop that keeps the data: sees to it that the data is on the disk.
pub(super) fn settle_data(home: &Home, record: &InfraRecord) {
    match record.engine {
        Engine::Native => native::settle_data(home, record),
        // a container's volume is the daemon's
        Engine::Docker => {}
    }
}

/// Removes what the servers kept; returns the names of what is gone.
pub(super) async fn remove_data(home: &Home, record: &InfraRecord) -> Result<Vec<String>> {
    match record.engine {
        Engine::Native => native::remove_data(home),
        Engine::Docker => docker::remove_data(home, record).await,
    }
}
