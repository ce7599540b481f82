//! Drops what an agent has: its database, its snapshots, everything that its role made, and the role.
//!
//! Everything is looked up by its mark or its owner's mark ([`super::mark`]): a database that only has our
//! name stays, and one that the agent's role made under any name is dropped.

use serde::{Deserialize, Serialize};
use tokio_postgres::error::SqlState;

use crate::project::AgentId;

use super::connection::{Connection, text};
use super::lock::Key;
use super::objects::{databases, roles};
use super::sessions::without_sessions;
use super::sql::{identifier, literal};
use super::{Error, Result, Server};

/// What was dropped.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DroppedReport {
    /// Databases.
    pub databases: Vec<String>,
    /// Roles.
    pub roles: Vec<String>,
    /// Databases and roles of exactly our names that are not ours and were left alone.
    pub foreign: Vec<String>,
}

/// Drops everything of an agent on this server, connected sessions notwithstanding. Nothing there is no
/// error.
pub async fn agent(server: &Server, home_id: &str, agent: AgentId) -> Result<DroppedReport> {
    let connection = Connection::admin(server).await?;
    Key::of_agent(agent).take(&connection).await?;
    agent_with(server, &connection, home_id, agent).await
}

/// Drops everything of a home on a server that outlives it: templates, kept states, what agents still have, and
/// the roles. A role that other databases still use stays.
pub async fn home(server: &Server, home_id: &str) -> Result<DroppedReport> {
    let connection = Connection::admin(server).await?;
    let report = find_home(&connection, home_id).await?;
    for name in &report.databases {
        database(server, &connection, name).await?;
    }
    for found in roles(&connection).await? {
        match found.mark(home_id) {
            Some(mark) if mark.agent.is_some() => role(server, &connection, &found.name).await?,
            Some(_) => idle_role(&connection, &found.name).await?,
            None => {}
        }
    }
    Ok(report)
}

/// What [`home`] would drop.
pub async fn plan_home(server: &Server, home_id: &str) -> Result<DroppedReport> {
    find_home(&Connection::admin(server).await?, home_id).await
}

async fn find_home(connection: &Connection, home_id: &str) -> Result<DroppedReport> {
    let ours = databases(connection).await?.into_iter().filter(|database| database.mark(home_id).is_some());
    let databases = ours.map(|database| database.name).collect();
    let ours = roles(connection).await?.into_iter().filter(|role| role.mark(home_id).is_some());
    Ok(DroppedReport { databases, roles: ours.map(|role| role.name).collect(), foreign: Vec::new() })
}

/// What [`agent`] would drop.
pub async fn plan(server: &Server, home_id: &str, agent: AgentId) -> Result<DroppedReport> {
    find(&Connection::admin(server).await?, home_id, agent).await
}

pub(super) async fn agent_with(
    server: &Server,
    connection: &Connection,
    home: &str,
    agent: AgentId,
) -> Result<DroppedReport> {
    let report = find(connection, home, agent).await?;
    for name in &report.roles {
        // no client may reconnect while the databases are dropped
        let sql = format!(
            "ALTER ROLE {} NOLOGIN; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = {}",
            identifier(name),
            literal(name)
        );
        connection.execute(&format!("lock out role `{name}`"), &sql).await?;
    }
    for name in &report.databases {
        database(server, connection, name).await?;
    }
    for name in &report.roles {
        role(server, connection, name).await?;
    }
    Ok(report)
}

async fn find(connection: &Connection, home: &str, agent: AgentId) -> Result<DroppedReport> {
    let mut report = DroppedReport::default();
    let name = agent.database();
    for database in databases(connection).await? {
        match database.mark(home) {
            Some(mark) if mark.agent == Some(agent) => {
                // our comment on a database of another name and another owner is a copy of it
                let has_our_name = database.name == name || database.name.starts_with(&format!("{name}_"));
                if has_our_name || database.is_owned(home) {
                    report.databases.push(database.name);
                } else {
                    report.foreign.push(format!("database {}", database.name));
                }
            }
            // an agent may write any comment on it, and the role cannot be dropped before
            _ if database.owner_mark(home).is_some_and(|mark| mark.agent == Some(agent)) => {
                report.databases.push(database.name);
            }
            _ if database.name == name => report.foreign.push(format!("database {name}")),
            _ => {}
        }
    }
    for role in roles(connection).await? {
        match role.mark(home) {
            Some(mark) if mark.agent == Some(agent) => report.roles.push(role.name),
            _ if role.name == name => report.foreign.push(format!("role {name}")),
            _ => {}
        }
    }
    Ok(report)
}

/// Drops a database and ends its sessions.
pub(super) async fn database(server: &Server, connection: &Connection, name: &str) -> Result<()> {
    let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", identifier(name));
    let action = format!("drop database `{name}`");
    match connection.execute(&action, &sql).await {
        Ok(()) => return Ok(()),
        Err(error) if !is_obstructed(&error) => return Err(error),
        Err(_) => {}
    }
    unblock(server, connection, name).await?;
    without_sessions(server, connection, name, &action, &sql).await
}

fn is_obstructed(error: &Error) -> bool {
    let obstacles = [SqlState::OBJECT_IN_USE, SqlState::WRONG_OBJECT_TYPE, SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE];
    error.sql_state().is_some_and(|state| obstacles.contains(state))
}

/// Removes what FORCE does not: `IS_TEMPLATE`, replication slots, prepared transactions.
async fn unblock(server: &Server, connection: &Connection, name: &str) -> Result<()> {
    let quoted = literal(name);
    let sql = format!(
        "SELECT gid FROM pg_prepared_xacts WHERE database = {quoted};
         SELECT slot_name FROM pg_replication_slots WHERE database = {quoted};
         SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots \
          WHERE database = {quoted} AND active_pid IS NOT NULL"
    );
    let action = format!("remove what keeps database `{name}`");
    let found = connection.results(&action, &sql).await?;
    let column = |index: usize, name: &str| -> Vec<String> {
        found.get(index).map(|rows| rows.iter().map(|row| text(row, name)).collect()).unwrap_or_default()
    };
    let (prepared, slots) = (column(0, "gid"), column(1, "slot_name"));
    connection.execute(&action, &format!("ALTER DATABASE {} IS_TEMPLATE false", identifier(name))).await?;
    for slot in slots {
        connection.execute(&action, &format!("SELECT pg_drop_replication_slot({})", literal(&slot))).await?;
    }
    if !prepared.is_empty() {
        let inside = Connection::inside(server, name).await?;
        for gid in prepared {
            inside.execute(&action, &format!("ROLLBACK PREPARED {}", literal(&gid))).await?;
        }
    }
    Ok(())
}

/// Drops a role of ours that owns no database any more. Its privileges in other databases are
/// revoked; objects that it made there become the database owner's.
async fn role(server: &Server, connection: &Connection, name: &str) -> Result<()> {
    let quoted = identifier(name);
    let action = format!("drop role `{name}`");
    let sql = format!("DROP OWNED BY {quoted}; DROP ROLE {quoted}");
    match connection.execute(&action, &sql).await {
        Err(error) if error.sql_state() == Some(&SqlState::DEPENDENT_OBJECTS_STILL_EXIST) => {}
        other => return other,
    }
    let where_else = format!(
        "SELECT DISTINCT d.datname, o.rolname FROM pg_shdepend s JOIN pg_database d ON d.oid = s.dbid \
           JOIN pg_roles o ON o.oid = d.datdba \
          WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = {}::regrole AND d.datallowconn",
        literal(&quoted)
    );
    for row in connection.rows(&action, &where_else).await? {
        let inside = Connection::inside(server, &text(&row, "datname")).await?;
        let owner = identifier(&text(&row, "rolname"));
        inside.execute(&action, &format!("REASSIGN OWNED BY {quoted} TO {owner}; DROP OWNED BY {quoted}")).await?;
    }
    connection.execute(&action, &sql).await
}

/// Drops a template's role, unless objects of it live on in a kept state or a clone.
pub(super) async fn idle_role(connection: &Connection, name: &str) -> Result<()> {
    let quoted = identifier(name);
    let sql = format!("DROP OWNED BY {quoted}; DROP ROLE IF EXISTS {quoted}");
    match connection.execute(&format!("drop role `{name}`"), &sql).await {
        Err(error) if error.sql_state() == Some(&SqlState::DEPENDENT_OBJECTS_STILL_EXIST) => Ok(()),
        other => other,
    }
}
