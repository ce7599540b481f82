//! Snapshots of an agent's database, and putting one (or the template) in its place.
//!
//! A snapshot is a closed copy, `agent_<id>_snap_<name>`, that the agent's role owns, so that it goes with
//! the agent. Restoring copies it beside the agent's database and swaps the two (see `replace`).

use crate::project::AgentId;

use super::clone::CloneRequest;
use super::connection::{Connection, text};
use super::copy::{Source, Target, copy};
use super::lock::Key;
use super::mark::{Facts, OwnedKind};
use super::objects::{Database, database_named, databases};
use super::replace::{self, Replacement};
use super::roles::NewRole;
use super::sessions::{Cut, drain};
use super::sql::literal;
use super::template::Template;
use super::unfinished::{make_room, unfinished};
use super::{Error, Result, Server, drop, spare};

/// A snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The name it was given.
    pub name: String,
    /// Its database.
    pub database: String,
    /// Its size on disk.
    pub bytes: u64,
    /// When it was made, RFC 3339.
    pub made_at: Option<String>,
}

/// Keeps the present state of an agent's database under `name`.
pub async fn create(server: &Server, home_id: &str, agent: AgentId, name: &str) -> Result<Cut> {
    let snapshot = database_of(agent, name)?;
    let connection = Connection::admin(server).await?;
    Key::of_agent(agent).take(&connection).await?;
    let mark = replace::complete(&connection, home_id, agent).await?;
    if let Some(existing) = database_named(&connection, &snapshot).await? {
        existing.ours(home_id)?;
        if unfinished(&existing, home_id).is_none() {
            return Err(Error::SnapshotExists { agent, name: name.to_owned() });
        }
        drop::database(server, &connection, &snapshot).await?;
    }
    make_room(server, &connection, home_id, agent).await?;
    // before the look at the source, which ends its sessions
    let cut = drain(server, &connection, &agent.database()).await?;
    let source = Source::inspect(&connection, &agent.database()).await?;
    let template = database_named(&connection, &agent.database()).await?.and_then(|database| database.facts().template);
    let facts = Facts { made_at: Some(jiff::Timestamp::now().to_string()), template, ..Facts::default() };
    let owner = agent.database();
    let mark = mark.with_kind(OwnedKind::Snapshot);
    let target = Target { name: &snapshot, owner: &owner, objects: &owner, mark: &mark, facts: &facts, open: false };
    let copied = copy(server, &connection, &source, &target).await;
    if copied.is_err() {
        let _ = drop::database(server, &connection, &snapshot).await;
    }
    copied.map(|()| cut)
}

/// Puts a snapshot in the place of an agent's database; the snapshot stays. Returns the template that the
/// snapshot comes from, where that is known.
pub async fn restore(server: &Server, home_id: &str, agent: AgentId, name: &str) -> Result<(Option<String>, Cut)> {
    let snapshot = database_of(agent, name)?;
    let connection = Connection::admin(server).await?;
    Key::of_agent(agent).take(&connection).await?;
    let template = existing(&connection, home_id, agent, name).await?.facts().template;
    let replacement = Replacement::begin(server, &connection, home_id, agent, template.clone()).await?;
    let arrived = async {
        let source = Source::inspect(&connection, &snapshot).await?;
        copy(server, &connection, &source, &replacement.target()).await
    };
    let arrived = arrived.await;
    let cut = replacement.finish(arrived).await?;
    Ok((template, cut))
}

/// The database of a snapshot.
///
/// # Errors
/// There is none of this name.
pub(super) async fn existing(connection: &Connection, home: &str, agent: AgentId, name: &str) -> Result<Database> {
    let found = database_named(connection, &database_of(agent, name)?).await?;
    let Some(existing) = found.filter(|existing| existing.valid) else {
        let known = list_with(connection, home, agent).await?.into_iter().map(|one| one.name).collect();
        return Err(Error::SnapshotMissing { agent, name: name.to_owned(), known });
    };
    existing.ours(home)?;
    Ok(existing)
}

/// Puts a fresh clone of the template in the place of an agent's complete database, and makes its role what it
/// would be if it were new. Snapshots, and databases that the agent made, stay; `post_clone` is the caller's.
///
/// # Errors
/// Whatever happens, the agent has the database that it had.
pub async fn reset(server: &Server, template: &Template, request: &CloneRequest<'_>) -> Result<Cut> {
    let (agent, home) = (request.agent, request.home_id);
    let connection = Connection::admin(server).await?;
    Key::of_agent(agent).take(&connection).await?;
    let mark = replace::complete(&connection, home, agent).await?;
    let role = NewRole {
        name: &agent.database(),
        mark: &mark,
        password: request.password,
        login: true,
        create_databases: request.create_databases,
        replication: request.replication,
        member_of: &[],
        shared: request.roles,
    };
    connection.execute(&format!("renew role `{}`", role.name), &role.sql(&connection, server, true)).await?;
    let name = &template.name;
    let replacement = Replacement::begin(server, &connection, home, agent, Some(name.clone())).await?;
    let arrived = async {
        let target = replacement.target();
        if spare::adopt(server, &connection, name, &target).await? {
            return Ok(());
        }
        copy(server, &connection, &Source::inspect(&connection, name).await?, &target).await
    };
    let arrived = arrived.await;
    replacement.finish(arrived).await
}

/// The snapshots of an agent, by name.
pub async fn list(server: &Server, home_id: &str, agent: AgentId) -> Result<Vec<Snapshot>> {
    list_with(&Connection::admin(server).await?, home_id, agent).await
}

/// Drops a snapshot.
pub async fn drop(server: &Server, home_id: &str, agent: AgentId, name: &str) -> Result<()> {
    let snapshot = database_of(agent, name)?;
    let connection = Connection::admin(server).await?;
    Key::of_agent(agent).take(&connection).await?;
    let Some(existing) = database_named(&connection, &snapshot).await? else {
        let known = list_with(&connection, home_id, agent).await?.into_iter().map(|one| one.name).collect();
        return Err(Error::SnapshotMissing { agent, name: name.to_owned(), known });
    };
    existing.ours(home_id)?;
    drop::database(server, &connection, &snapshot).await
}

async fn list_with(connection: &Connection, home: &str, agent: AgentId) -> Result<Vec<Snapshot>> {
    let prefix = prefix(agent);
    let mut found = Vec::new();
    for database in databases(connection).await? {
        let ours = database
            .mark(home)
            .is_some_and(|mark| mark.kind == OwnedKind::Snapshot && mark.agent == Some(agent) && database.valid);
        if let (true, Some(name)) = (ours, database.name.strip_prefix(&prefix)) {
            found.push((name.to_owned(), database));
        }
    }
    let mut snapshots = Vec::new();
    for (name, database) in found {
        let sql = format!("SELECT pg_database_size({}) AS bytes", literal(&database.name));
        let rows = connection.rows("measure a snapshot", &sql).await?;
        let bytes = rows.first().map(|row| text(row, "bytes").parse().unwrap_or_default()).unwrap_or_default();
        snapshots.push(Snapshot { name, made_at: database.facts().made_at, database: database.name, bytes });
    }
    snapshots.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(snapshots)
}

/// Whether a snapshot can have this name.
///
/// # Errors
/// It cannot.
pub fn check_name(agent: AgentId, name: &str) -> Result<()> {
    database_of(agent, name).map(|_| ())
}

fn prefix(agent: AgentId) -> String {
    format!("{}_snap_", agent.database())
}

fn database_of(agent: AgentId, name: &str) -> Result<String> {
    let valid = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if (1..=40).contains(&name.len()) && name.bytes().all(valid) {
        Ok(format!("{}{name}", prefix(agent)))
    } else {
        Err(Error::SnapshotName(name.to_owned()))
    }
}
