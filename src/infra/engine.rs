//! Which engine runs the servers of a home, and the one place where engines part.
//!
//! The choice is made once and recorded with its reason.

use super::error::{Error, Result};
use super::native;
use super::record::{Engine, InfraRecord};
use crate::project::EngineChoice;
use crate::report::Events;
use crate::system::Home;

/// Why docker is not chosen and cannot be asked for.
const NO_DOCKER: &str = "this build has no docker engine";

/// Decides, and says why in one line.
pub(super) fn choose(wish: EngineChoice) -> Result<(Engine, String)> {
    match wish {
        EngineChoice::Native => Ok((Engine::Native, "the configuration asks for it".to_owned())),
        EngineChoice::Auto => Ok((Engine::Native, format!("engine = \"auto\": {NO_DOCKER}"))),
        EngineChoice::Docker => Err(no_docker()),
    }
}

fn no_docker() -> Error {
    Error::Engine { engine: Engine::Docker.as_str(), reason: NO_DOCKER.to_owned() }
}

/// The services of the record that the engine should run and does not.
pub(super) async fn not_running(home: &Home, record: &InfraRecord) -> Result<Vec<&'static str>> {
    match record.engine {
        Engine::Native => native::not_running(home, record).await,
        Engine::Docker => Err(no_docker()),
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
        Engine::Docker => Err(no_docker()),
    }
}

/// Stops every server and proves it; returns the names of those that ran.
pub(super) async fn take_down(home: &Home, record: &InfraRecord, events: &Events) -> Result<Vec<String>> {
    match record.engine {
        Engine::Native => native::take_down(home, events).await,
        Engine::Docker => Err(no_docker()),
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
pub(super) fn remove_data(home: &Home, record: &InfraRecord) -> Result<Vec<String>> {
    match record.engine {
        Engine::Native => native::remove_data(home),
        Engine::Docker => Err(no_docker()),
    }
}
