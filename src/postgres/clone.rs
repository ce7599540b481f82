//! An agent's pair of database and role, cloned from a template.
//!
//! The role is made first, unable to log in, together with its mark; the database belongs to it from its
//! creation; login is allowed last. So at every moment what exists can be recognised as ours, and
//! "the role may log in" says that the pair is complete. Where a spare is ready, it is taken over instead: see
//! [`super::spare`].

use std::time::Instant;

use crate::project::AgentId;
use crate::report::Events;
use crate::system::Secret;

use super::connection::Connection;
use super::copy::{Source, Target, copy};
use super::drop;
use super::lock::Key;
use super::mark::{Facts, Mark, OwnedKind};
use super::objects::{self, databases, named};
use super::roles::{NewRole, allow_login_sql};
use super::sql::{identifier, literal};
use super::template::Template;
use super::{DatabaseCredentials, Error, LoginProblem, Result, Server, spare};

/// The agent whose database is made.
#[derive(Debug, Clone, Copy)]
pub struct CloneRequest<'a> {
    /// The home's id.
    pub home_id: &'a str,
    /// The project's name.
    pub project: &'a str,
    /// The agent.
    pub agent: AgentId,
    /// Its role's password.
    pub password: &'a Secret,
    /// `[database] create`.
    pub create_databases: bool,
    /// `[database] replication`.
    pub replication: bool,
    /// `[database] roles`: it becomes a member.
    pub roles: &'a [String],
}

/// What is on the server under an agent's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloneState {
    /// Nothing.
    Absent,
    /// A pair that was begun, or of which a part is gone.
    Incomplete,
    /// A pair that can be used.
    Complete,
}

/// A database of this home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owned {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub kind: OwnedKind,
    /// Whose it is.
    pub agent: Option<AgentId>,
    /// The project it was made for.
    pub project: String,
    /// The template it was cloned from, where that is known.
    pub template: Option<String>,
}

/// Gives an agent its database and role; returns how to log in. A complete pair is kept with its data,
/// it only gets this password; of an incomplete one the database is made again, and snapshots stay.
///
/// # Errors
/// [`Error::Foreign`] when a database or role of the agent's name is not ours, [`Error::OtherProject`]
/// when it is ours but another project's.
pub async fn create(
    server: &Server,
    template: &Template,
    request: &CloneRequest<'_>,
    events: &Events,
) -> Result<DatabaseCredentials> {
    let connection = template.connection(server).await?;
    let key = Key::of_agent(request.agent);
    key.take(&connection).await?;
    let outcome = create_locked(server, &connection, template, request, events).await;
    // the session may live on for as long as the template is in use
    let released = key.release(&connection).await;
    outcome.and_then(|login| released.map(|()| login))
}

async fn create_locked(
    server: &Server,
    connection: &Connection,
    template: &Template,
    request: &CloneRequest<'_>,
    events: &Events,
) -> Result<DatabaseCredentials> {
    let name = request.agent.database();
    let subject = format!("agent {}", request.agent);
    match state_with(connection, request.home_id, Some(request.project), request.agent).await? {
        CloneState::Complete => {
            let sql = allow_login_sql(&name, Some(request.password));
            connection.execute(&format!("set the password of role `{name}`"), &sql).await?;
            events.note(subject, format!("database {name} is kept"));
            return Ok(server.login(&name, &name, request.password));
        }
        CloneState::Incomplete => drop::database(server, connection, &name).await?,
        CloneState::Absent => {}
    }
    // what is there of it may own snapshots
    let known = !named(connection, &[&name]).await?.1.is_empty();
    let task = events.task(subject, format!("clone database {name}"));
    let made = make(server, connection, template, request, known).await;
    if made.is_err() {
        // the caller needs the first failure; what is left is ours and incomplete
        let _ = if known {
            drop::database(server, connection, &name).await
        } else {
            drop::agent_with(server, connection, request.home_id, request.agent).await.map(|_| ())
        };
    }
    made?;
    task.finish();
    Ok(server.login(&name, &name, request.password))
}

async fn make(
    server: &Server,
    connection: &Connection,
    template: &Template,
    request: &CloneRequest<'_>,
    role_exists: bool,
) -> Result<()> {
    let name = request.agent.database();
    let mark = Mark::new(request.home_id, request.project, Some(request.agent), OwnedKind::Agent);
    let role = NewRole {
        name: &name,
        mark: &mark,
        password: request.password,
        login: false,
        create_databases: request.create_databases,
        replication: request.replication,
        member_of: &[],
        shared: request.roles,
    };
    if !role_exists && spare::hand_out(server, connection, &template.name, &role).await? {
        return Ok(());
    }
    let source = Source::inspect(connection, &template.name).await?;
    connection.execute(&format!("create role `{name}`"), &role.sql(connection, server, role_exists)).await?;
    let began = Instant::now();
    let facts = Facts { template: Some(template.name.clone()), ..Facts::default() };
    let target = Target { name: &name, owner: &name, objects: &name, mark: &mark, facts: &facts, open: true };
    copy(server, connection, &source, &target).await?;
    let facts = Facts { clone_ms: Some(crate::report::milliseconds(began.elapsed())), ..facts };
    let sql = format!(
        "COMMENT ON DATABASE {} IS {}; {}",
        identifier(&name),
        literal(&facts.comment(&mark)),
        allow_login_sql(&name, None)
    );
    connection.execute(&format!("let role `{name}` log in"), &sql).await
}

/// Whether the password of an agent's role is this one: a role may change its own.
pub async fn accepts_password(server: &Server, agent: AgentId, password: &Secret) -> Result<bool> {
    match Connection::open(&server.agent_login(agent, password)).await {
        Err(Error::Connect { problem: LoginProblem::Login, .. }) => Ok(false),
        // such as too many connections: the password was not looked at
        Ok(_) | Err(Error::Connect { problem: LoginProblem::Other, .. }) => Ok(true),
        Err(error) => Err(error),
    }
}

/// Gives the role of an agent this password; its data stays.
///
/// # Errors
/// [`Error::Foreign`] as for [`create`].
pub async fn set_password(server: &Server, home_id: &str, agent: AgentId, password: &Secret) -> Result<()> {
    let connection = Connection::admin(server).await?;
    state_with(&connection, home_id, None, agent).await?;
    let (role, sql) = (agent.database(), allow_login_sql(&agent.database(), Some(password)));
    connection.execute(&format!("set the password of role `{role}`"), &sql).await
}

/// What there is of an agent's pair.
///
/// # Errors
/// [`Error::Foreign`] as for [`create`].
pub async fn state(server: &Server, home_id: &str, agent: AgentId) -> Result<CloneState> {
    state_with(&Connection::admin(server).await?, home_id, None, agent).await
}

/// Whether an agent has a database that can be used.
pub async fn exists(server: &Server, home_id: &str, agent: AgentId) -> Result<bool> {
    Ok(state(server, home_id, agent).await? == CloneState::Complete)
}

pub(super) async fn state_with(
    connection: &Connection,
    home: &str,
    project: Option<&str>,
    agent: AgentId,
) -> Result<CloneState> {
    let name = agent.database();
    let (databases, roles) = named(connection, &[&name]).await?;
    let (database, role) = (databases.first(), roles.first());
    for mark in [database.map(|one| one.ours(home)), role.map(|one| one.ours(home))].into_iter().flatten() {
        let mark = mark?;
        if project.is_some_and(|project| project != mark.project) {
            return Err(Error::OtherProject { name, project: mark.project });
        }
    }
    Ok(match (database, role) {
        (None, None) => CloneState::Absent,
        (Some(database), Some(role)) if database.valid && database.open && role.login => CloneState::Complete,
        _ => CloneState::Incomplete,
    })
}

/// Every database of this home: agents', snapshots, templates, what agents made.
pub async fn agent_databases(server: &Server, home_id: &str) -> Result<Vec<Owned>> {
    let connection = Connection::admin(server).await?;
    let owned = |database: objects::Database| {
        let mark = database.mark(home_id)?;
        let template = database.facts().template;
        Some(Owned { name: database.name, kind: mark.kind, agent: mark.agent, project: mark.project, template })
    };
    Ok(databases(&connection).await?.into_iter().filter_map(owned).collect())
}

/// Every role of this home.
pub async fn agent_roles(server: &Server, home_id: &str) -> Result<Vec<Owned>> {
    let connection = Connection::admin(server).await?;
    let owned = |role: objects::Role| {
        let mark = role.mark(home_id)?;
        Some(Owned { name: role.name, kind: mark.kind, agent: mark.agent, project: mark.project, template: None })
    };
    Ok(objects::roles(&connection).await?.into_iter().filter_map(owned).collect())
}
