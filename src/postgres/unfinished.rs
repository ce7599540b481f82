//! What lies beside an agent's database and is nobody's any more: half a snapshot, a database that was to take its place, or
//! one that had to make room and is still to be dropped.

use crate::project::AgentId;

use super::connection::Connection;
use super::lock::Key;
use super::mark::OwnedKind;
use super::objects::{Database, databases};
use super::{Result, Server, drop};

/// What such a database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leftover {
    /// A command was killed as it made it.
    CutOff,
    /// Another one has taken its place.
    Replaced,
}

/// A database that is nobody's any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    /// Whose it was.
    pub agent: AgentId,
    /// Its name.
    pub database: String,
    /// What it is.
    pub leftover: Leftover,
}

/// Drops what no command works on. Returns what it was.
///
/// # Errors
/// The server cannot be reached, or refuses.
pub async fn sweep(server: &Server, home_id: &str) -> Result<Vec<Unfinished>> {
    each(server, home_id, true).await
}

/// The same without dropping anything.
///
/// # Errors
/// The server cannot be reached.
pub async fn leftovers(server: &Server, home_id: &str) -> Result<Vec<Unfinished>> {
    each(server, home_id, false).await
}

/// Drops what was replaced of an agent's database, as soon as no command works on it.
///
/// # Errors
/// The server cannot be reached, or refuses; a command works on the database for minutes.
pub async fn drop_replaced(server: &Server, home_id: &str, agent: AgentId) -> Result<()> {
    let connection = Connection::admin(server).await?;
    Key::of_agent(agent).take(&connection).await?;
    make_room(server, &connection, home_id, agent).await
}

/// The same for a caller that holds the agent's lock, and is about to need the room.
pub(super) async fn make_room(server: &Server, connection: &Connection, home: &str, agent: AgentId) -> Result<()> {
    for database in databases(connection).await? {
        if unfinished(&database, home) == Some((agent, Leftover::Replaced)) {
            drop::database(server, connection, &database.name).await?;
        }
    }
    Ok(())
}

async fn each(server: &Server, home: &str, drops: bool) -> Result<Vec<Unfinished>> {
    let connection = Connection::admin(server).await?;
    let mut found = Vec::new();
    for database in databases(&connection).await? {
        let Some((agent, leftover)) = unfinished(&database, home) else { continue };
        let key = Key::of_agent(agent);
        // a command that works on it holds the lock
        if !key.try_take(&connection).await? {
            continue;
        }
        let dropped = if drops { drop::database(server, &connection, &database.name).await } else { Ok(()) };
        key.release(&connection).await?;
        dropped?;
        found.push(Unfinished { agent, database: database.name, leftover });
    }
    Ok(found)
}

/// Whose a database was, and what it is; `None` if it is somebody's.
pub(super) fn unfinished(database: &Database, home: &str) -> Option<(AgentId, Leftover)> {
    // of the role, because an agent can write a comment on a database of its own
    let agent = database.owner_mark(home)?.agent?;
    let rest = database.name.strip_prefix(&agent.database())?;
    let kind = database.mark(home)?.kind;
    if rest == "_outgoing" && kind == OwnedKind::Outgoing {
        return Some((agent, Leftover::Replaced));
    }
    let arriving = rest == "_incoming" && kind == OwnedKind::Incoming;
    // a copy is closed until it is marked; what the agent itself has created is open
    let is_copy = rest == "_incoming" || rest.starts_with("_snap_");
    let cut_off = is_copy && kind == OwnedKind::Agent && !database.open;
    let broken = rest.starts_with("_snap_") && kind == OwnedKind::Snapshot && !database.valid;
    (arriving || cut_off || broken).then_some((agent, Leftover::CutOff))
}
