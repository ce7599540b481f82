//! Databases, snapshots and roles. Their comments record the owner.

use super::owner::{Found, NO_SERVER, Owner, Rest};
use crate::postgres;
use crate::report::{Failure, Removed, RemovedKind};

pub(super) async fn find(owner: &Owner<'_>) -> Result<Found, Failure> {
    if !owner.may_be_on_servers() {
        return Ok(Found::default());
    }
    let Some(server) = owner.infra.and_then(|infra| infra.servers.postgres.as_ref()) else {
        let unreachable = if owner.force { Vec::new() } else { recorded(owner, NO_SERVER) };
        return Ok(Found { unreachable, ..Found::default() });
    };
    let found = postgres::drop::plan(server, owner.context.home.id(), owner.agent).await?;
    let things = |kind: RemovedKind, names: Vec<String>| -> Vec<Removed> {
        names.into_iter().map(|name| Removed::new(kind, name)).collect()
    };
    let mut own = things(RemovedKind::Database, found.databases);
    own.extend(things(RemovedKind::Role, found.roles));
    Ok(Found { own, foreign: things(RemovedKind::DatabaseOrRole, found.foreign), unreachable: Vec::new() })
}

/// Its database and its role; further databases and snapshots only the server knows.
pub(super) fn recorded(owner: &Owner<'_>, why: &str) -> Vec<Removed> {
    let has = owner.record.is_some_and(|record| record.used_servers && record.database_password.is_some());
    let kinds = [RemovedKind::Database, RemovedKind::Role].into_iter().filter(|_| has);
    kinds.map(|kind| Removed::with(kind, owner.agent.database(), why)).collect()
}

pub(super) async fn remove(owner: &Owner<'_>, found: &[Removed]) -> Result<Rest, Failure> {
    let Some(server) = owner.infra.and_then(|infra| infra.servers.postgres.as_ref()) else {
        return Ok(Rest::default());
    };
    let dropped = postgres::drop::agent(server, owner.context.home.id(), owner.agent).await?;
    let databases = dropped.databases.into_iter().map(|name| Removed::new(RemovedKind::Database, name));
    let more = databases.chain(dropped.roles.into_iter().map(|name| Removed::new(RemovedKind::Role, name)));
    Ok(Rest { more: more.filter(|thing| !found.contains(thing)).collect(), left: Vec::new() })
}
