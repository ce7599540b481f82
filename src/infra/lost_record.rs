//! A home whose record is lost, copy and all, while its servers' data is there.
//!
//! Without the record nobody knows the admin's password, and a new decision could choose another engine beside the data.
//! So nothing is decided until the data is removed by name. What there is says itself whose it is: directories of the
//! home, containers and volumes by the label with the home's id, processes by the home's marker.

use super::docker;
use super::error::{Error, Result};
use super::native;
use super::processes;
use super::record::InfraRecord;
use crate::report::{Events, Removed, RemovedKind};
use crate::system::Home;

/// Refuses to decide anew beside data that is there.
///
/// # Errors
/// [`Error::RecordLost`].
pub(super) async fn check_none(home: &Home) -> Result<()> {
    let mut data = native::data(home);
    if data.is_empty() {
        // an engine that does not answer is a matter of the choice that follows
        let found = docker::of_lost_record(home).await.unwrap_or_default();
        data = found.into_iter().filter(|thing| thing.kind == RemovedKind::Data).map(|it| it.name).collect();
    }
    if data.is_empty() { Ok(()) } else { Err(Error::RecordLost { record: InfraRecord::path(home), data }) }
}

/// What there is of the servers, and with `volumes` of their data.
///
/// # Errors
/// The engine does not answer although it has run servers of this home.
pub(super) async fn find(home: &Home, volumes: bool) -> Result<Vec<Removed>> {
    let running = processes::running(home).await?;
    let mut found: Vec<Removed> = running.into_iter().map(|name| Removed::new(RemovedKind::Service, name)).collect();
    found.extend(docker::of_lost_record(home).await?);
    found.extend(native::data(home).into_iter().map(|path| Removed::new(RemovedKind::Data, path)));
    found.retain(|thing| volumes || thing.kind != RemovedKind::Data);
    Ok(found)
}

/// Removes it.
///
/// # Errors
/// A process survived, or something could not be removed.
pub(super) async fn remove(home: &Home, volumes: bool, events: &Events) -> Result<()> {
    processes::take_down(home, events).await?;
    docker::remove_of_lost_record(home, volumes).await?;
    if volumes {
        native::remove_data(home)?;
        InfraRecord::forget(home)?;
    }
    Ok(())
}
