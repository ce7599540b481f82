//! Templates that are no longer needed, and unfinished builds of commands that died.

use super::super::connection::Connection;
use super::super::drop;
use super::super::lock::Key;
use super::super::mark::OwnedKind;
use super::super::objects::{databases, roles};
use super::super::{Result, Server, spare};
use super::chain::TemplatePlan;
use super::discard::discard;

/// How many templates, and how many states after incremental steps, a project keeps.
const KEEP: usize = 3;

/// What was swept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// The database.
    pub database: String,
}

/// Drops the unfinished builds of this home that no command works on.
pub async fn sweep(server: &Server, home_id: &str) -> Result<Vec<Leftover>> {
    sweep_with(server, &Connection::admin(server).await?, home_id).await
}

/// The same without dropping anything.
pub async fn unfinished(server: &Server, home_id: &str) -> Result<Vec<Leftover>> {
    each_unfinished(server, &Connection::admin(server).await?, home_id, false).await
}

pub(super) async fn sweep_with(server: &Server, connection: &Connection, home: &str) -> Result<Vec<Leftover>> {
    each_unfinished(server, connection, home, true).await
}

async fn each_unfinished(server: &Server, connection: &Connection, home: &str, drop: bool) -> Result<Vec<Leftover>> {
    let mut swept = Vec::new();
    for database in databases(connection).await? {
        let Some(name) = database.name.strip_suffix("_building") else { continue };
        // one that was just created has no mark yet, but its owner has
        let is_build =
            database.mark(home).is_some_and(|mark| matches!(mark.kind, OwnedKind::Building | OwnedKind::Builders));
        if !is_build {
            continue;
        }
        let key = Key::of(name);
        // locks nest: one that this session holds already is only counted up
        if key.try_take(connection).await? {
            let outcome = if drop { discard(server, connection, name, home).await } else { Ok(()) };
            key.release(connection).await?;
            outcome?;
            swept.push(Leftover { database: database.name });
        }
    }
    Ok(swept)
}

/// Drops all but the newest templates and kept states of this project, never one that is in use.
pub(super) async fn prune(server: &Server, connection: &Connection, plan: &TemplatePlan<'_>) -> Result<()> {
    for kind in [OwnedKind::Template, OwnedKind::Kept] {
        let of_project: Vec<String> = databases(connection)
            .await?
            .into_iter()
            .filter(|database| {
                let mark = database.mark(plan.home_id);
                mark.is_some_and(|mark| mark.kind == kind && mark.project == plan.project)
                    && !database.name.ends_with("_building")
            })
            .map(|database| database.name)
            .collect();
        // ordered by age
        for name in of_project.iter().rev().skip(KEEP) {
            drop_unused(server, connection, name).await?;
        }
    }
    spare::sweep_orphans(server, connection, plan.home_id).await?;
    drop_idle_roles(connection, plan.home_id).await
}

async fn drop_unused(server: &Server, connection: &Connection, name: &str) -> Result<()> {
    let key = Key::of(name);
    if key.try_take(connection).await? {
        let dropped = drop::database(server, connection, name).await;
        key.release(connection).await?;
        dropped?;
    }
    Ok(())
}

/// Roles of templates outlive them while kept states hold objects of theirs.
pub(super) async fn drop_idle_roles(connection: &Connection, home: &str) -> Result<()> {
    let existing: Vec<String> = databases(connection).await?.into_iter().map(|database| database.name).collect();
    for role in roles(connection).await? {
        let ours = role.mark(home).is_some_and(|mark| mark.kind == OwnedKind::Template);
        if !ours || existing.contains(&role.name) {
            continue;
        }
        let key = Key::of(&role.name);
        // a build begins with its role
        if key.try_take(connection).await? {
            let dropped = drop::idle_role(connection, &role.name).await;
            key.release(connection).await?;
            dropped?;
        }
    }
    Ok(())
}
