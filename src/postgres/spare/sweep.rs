//! Spares that go: unfinished ones that nobody works on, those that nothing can use, and roles that have lost their
//! database.

use std::collections::BTreeSet;

use super::super::connection::Connection;
use super::super::lock::Key;
use super::super::mark::OwnedKind;
use super::super::objects::{Database, databases, named, roles};
use super::super::{Result, Server, drop};
use super::list::{Spare, building, spares};

/// Drops what no launch can use. Returns the names.
///
/// # Errors
/// The server cannot be reached, or refuses.
pub async fn sweep(server: &Server, home_id: &str) -> Result<Vec<String>> {
    sweep_orphans(server, &Connection::admin(server).await?, home_id).await
}

/// The same without dropping anything.
///
/// # Errors
/// The server cannot be reached.
pub async fn leftovers(server: &Server, home_id: &str) -> Result<Vec<String>> {
    let connection = Connection::admin(server).await?;
    let databases = databases(&connection).await?;
    let mut left = Vec::new();
    for spare in unwanted(&databases, home_id, |_| true) {
        let key = Key::of(&spare.name);
        // one that is being made or handed out is no leftover
        if key.try_take(&connection).await? {
            key.release(&connection).await?;
            left.push(spare.name);
        }
    }
    Ok(left)
}

/// [`sweep`] on a connection that there is.
pub(in super::super) async fn sweep_orphans(
    server: &Server,
    connection: &Connection,
    home: &str,
) -> Result<Vec<String>> {
    drop_all_but(server, connection, home, |_| true).await
}

/// Drops the complete spares that `is_wanted` does not want, and what nothing can use anyway: unfinished ones, and those
/// without a template.
pub(super) async fn drop_all_but(
    server: &Server,
    connection: &Connection,
    home: &str,
    is_wanted: impl Fn(&Spare) -> bool,
) -> Result<Vec<String>> {
    let mut dropped = Vec::new();
    for spare in unwanted(&databases(connection).await?, home, is_wanted) {
        if drop_one(server, connection, home, &spare.name).await? {
            dropped.push(spare.name);
        }
    }
    let known: BTreeSet<String> = databases(connection).await?.into_iter().map(|database| database.name).collect();
    for role in roles(connection).await? {
        let is_spare = role.mark(home).is_some_and(|mark| mark.kind == OwnedKind::Spare);
        if is_spare && !known.contains(&role.name) && !known.contains(&building(&role.name)) {
            drop_one(server, connection, home, &role.name).await?;
        }
    }
    Ok(dropped)
}

fn unwanted(databases: &[Database], home: &str, is_wanted: impl Fn(&Spare) -> bool) -> Vec<Spare> {
    let is_template = |name: &String| {
        databases.iter().any(|database| {
            let kind = database.mark(home).map(|mark| mark.kind);
            database.name == *name && database.valid && kind == Some(OwnedKind::Template)
        })
    };
    let has_template = |spare: &Spare| spare.template.as_ref().is_some_and(is_template);
    let is_useful = |spare: &Spare| spare.complete && has_template(spare) && is_wanted(spare);
    spares(databases, home).into_iter().filter(|spare| !is_useful(spare)).collect()
}

/// Drops a spare, unless a command works on it; says whether it did.
async fn drop_one(server: &Server, connection: &Connection, home: &str, name: &str) -> Result<bool> {
    let key = Key::of(name);
    if !key.try_take(connection).await? {
        return Ok(false);
    }
    let outcome = drop_locked(server, connection, home, name).await;
    key.release(connection).await?;
    outcome.map(|()| true)
}

async fn drop_locked(server: &Server, connection: &Connection, home: &str, name: &str) -> Result<()> {
    // what is there now: another command may have had the lock since it was listed
    let (databases, roles) = named(connection, &[name, &building(name)]).await?;
    for database in databases {
        database.ours(home)?;
        drop::database(server, connection, &database.name).await?;
    }
    for role in roles {
        role.ours(home)?;
        drop::idle_role(connection, &role.name).await?;
    }
    Ok(())
}
