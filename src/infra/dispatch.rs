//! Passes each activity to the engine of the home.

use std::collections::BTreeMap;

use super::error::{Error, Result};
use super::observation::Observation;
use super::record::InfraRecord;
use super::{docker, native, ports, processes};
use crate::project::Service;
use crate::report::{Engine, Events};
use crate::system::Home;

/// Whether all of these services run as they should.
pub(super) async fn is_up(home: &Home, record: &InfraRecord, services: &[Service]) -> Result<bool> {
    match record.engine {
        Engine::Native => native::is_up(home, services).await,
        Engine::Docker => docker::is_up(home, record).await,
    }
}

/// The services of the record that the engine should run and does not.
pub(super) async fn not_running(home: &Home, record: &InfraRecord) -> Result<Vec<Service>> {
    match record.engine {
        Engine::Native => native::not_running(home, record).await,
        Engine::Docker => docker::not_running(home, record).await.map_err(Error::from),
    }
}

/// Refuses host ports of these services that another process has.
pub(super) async fn check_ports(record: &InfraRecord, services: &[Service]) -> Result<()> {
    match record.engine {
        Engine::Native => ports::check_free(record, services).await,
        Engine::Docker => docker::check_ports(record, services).await,
    }
}

/// Starts these services and waits until every server answers; adds to the record what it learns.
pub(super) async fn bring_up(
    home: &Home,
    record: &mut InfraRecord,
    services: &[Service],
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

/// What a stop would stop.
pub(super) async fn running(home: &Home, record: &InfraRecord) -> Result<Vec<String>> {
    match record.engine {
        Engine::Native => processes::running(home).await,
        Engine::Docker => docker::running(home, record).await,
    }
}

/// What the servers kept.
pub(super) async fn data(home: &Home, record: &InfraRecord) -> Result<Vec<String>> {
    match record.engine {
        Engine::Native => Ok(native::data(home)),
        Engine::Docker => docker::data(home, record).await,
    }
}

/// Stops every server and proves it; returns the names of those that ran.
pub(super) async fn take_down(home: &Home, record: &InfraRecord, events: &Events) -> Result<Vec<String>> {
    match record.engine {
        Engine::Native => processes::take_down(home, events).await,
        Engine::Docker => docker::take_down(home, record, events).await,
    }
}

/// After a stop that keeps the data: writes the data to the disk.
pub(super) fn flush_data(home: &Home, record: &InfraRecord) {
    match record.engine {
        Engine::Native => {
            for server in record.hostings.all() {
                server.flush(home);
            }
        }
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
