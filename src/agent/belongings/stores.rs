//! The agent's copies of stores, and the snapshots of them.

use super::owner::{Found, Owner};
use crate::report::{Failure, Removed, RemovedKind};
use crate::stores::{AgentStores, size};

fn own(owner: &Owner<'_>) -> AgentStores {
    AgentStores::of(&owner.context.home, owner.agent)
}

pub(super) fn find(owner: &Owner<'_>) -> Result<Found, Failure> {
    let own = own(owner);
    let store = |name: &String| Removed::with(RemovedKind::Store, name, megabytes(size(&own.data(name))));
    let mut found: Vec<Removed> = own.complete()?.iter().map(store).collect();
    let snapshots = own.snapshots()?.into_iter();
    found.extend(snapshots.map(|snapshot| {
        Removed::with(RemovedKind::Store, format!("snapshot {}", snapshot.name), megabytes(snapshot.bytes))
    }));
    if found.is_empty() && own.exist() {
        found.push(Removed::with(RemovedKind::Store, "stores", "what a command that was killed has left"));
    }
    Ok(Found::own(found))
}

fn megabytes(bytes: u64) -> String {
    format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000)
}

pub(super) async fn remove(owner: &Owner<'_>) -> Result<(), Failure> {
    Ok(own(owner).remove().await?)
}
