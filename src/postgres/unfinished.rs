//! What a killed command left beside an agent's database: half a snapshot, or a database that was to take its place or had to
//! make room.

use crate::project::AgentId;

use super::connection::Connection;
use super::lock::Key;
use super::mark::OwnedKind;
use super::objects::{Database, databases};
use super::{Result, Server, drop};

/// Drops what no command works on. Returns the agents and the names.
///
/// # Errors
/// The server cannot be reached, or refuses.
pub async fn sweep(server: &Server, home_id: &str) -> Result<Vec<(AgentId, String)>> {
    each(server, home_id, true).await
}

/// The same without dropping anything.
///
/// # Errors
/// The server cannot be reached.
pub async fn leftovers(server: &Server, home_id: &str) -> Result<Vec<(AgentId, String)>> {
    each(server, home_id, false).await
}

async fn each(server: &Server, home: &str, drops: bool) -> Result<Vec<(AgentId, String)>> {
    let connection = Connection::admin(server).await?;
    let mut found = Vec::new();
    for database in databases(&connection).await? {
        let Some(agent) = unfinished(&database, home) else { continue };
        let key = Key::of_agent(agent);
        // a command that works on it holds the lock
        if !key.try_take(&connection).await? {
            continue;
        }
        let dropped = if drops { drop::database(server, &connection, &database.name).await } else { Ok(()) };
        key.release(&connection).await?;
        dropped?;
        found.push((agent, database.name));
    }
    Ok(found)
}

/// Whose leftover a database is; `None` if it is none.
pub(super) fn unfinished(database: &Database, home: &str) -> Option<AgentId> {
    // of the role, because an agent can write a comment on a database of its own
    let agent = database.owner_mark(home)?.agent?;
    let rest = database.name.strip_prefix(&agent.database())?;
    let kind = database.mark(home)?.kind;
    let replaced =
        (rest == "_incoming" && kind == OwnedKind::Incoming) || (rest == "_outgoing" && kind == OwnedKind::Outgoing);
    // a copy is closed until it is marked; what the agent itself has created is open
    let is_copy = rest == "_incoming" || rest.starts_with("_snap_");
    let cut_off = is_copy && kind == OwnedKind::Agent && !database.open;
    let broken = rest.starts_with("_snap_") && kind == OwnedKind::Snapshot && !database.valid;
    (replaced || cut_off || broken).then_some(agent)
}
