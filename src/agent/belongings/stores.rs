//! The agent's copies of stores, and the snapshots of them.

use super::owner::{Found, Owner};
use crate::infra::docker::store;
use crate::report::{Failure, Removed, RemovedKind};
use crate::stores::{AgentStores, size};

fn own(owner: &Owner<'_>) -> AgentStores {
    AgentStores::of(&owner.context.home, owner.agent)
}

pub(super) async fn find(owner: &Owner<'_>) -> Result<Found, Failure> {
    let own = own(owner);
    let store = |name: &String| Removed::with(RemovedKind::Store, name, megabytes(size(&own.data(name))));
    let mut found: Vec<Removed> = own.complete()?.iter().map(store).collect();
    let snapshots = own.snapshots()?.into_iter();
    found.extend(snapshots.map(|snapshot| {
        Removed::with(RemovedKind::Store, format!("snapshot {}", snapshot.name), megabytes(snapshot.bytes))
    }));
    let stack = owner.agent.stack().to_string();
    let containers = store::found(&owner.context.home).await?.into_iter().filter(|container| container.stack == stack);
    found.extend(containers.map(|container| {
        Removed::with(RemovedKind::Store, format!("container {}", container.name), format!("of {}", container.store))
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
    // the processes are gone by now; one that was killed leaves its container
    store::remove(&owner.context.home, &owner.agent.stack().to_string(), None).await?;
    Ok(own(owner).remove().await?)
}
