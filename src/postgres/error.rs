//! Errors of this folder.

use std::time::Duration;

use crate::project::AgentId;
use crate::project::inputs::InputsError;

use super::DatabaseCredentials;
use super::login_problem::LoginProblem;

/// Result of this layer.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The cause of a failure, as the server or the driver put it.
pub(super) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A kind of object that a message names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectType {
    /// A database.
    Database,
    /// A role.
    Role,
}

impl std::fmt::Display for ObjectType {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Database => "database",
            Self::Role => "role",
        })
    }
}

/// A PostgreSQL operation failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server refused the connection or the login.
    #[error("cannot connect to database `{database}` of PostgreSQL at {host}:{port} as `{user}`")]
    Connect {
        /// What is wrong.
        problem: LoginProblem,
        /// Whether it is a server that harness does not run.
        external: bool,
        /// Host.
        host: String,
        /// Port.
        port: u16,
        /// Database.
        database: String,
        /// Role.
        user: String,
        /// Why.
        #[source]
        source: Cause,
    },
    /// The server accepts connections, or accepted one, and does not answer.
    #[error("PostgreSQL at {host}:{port} does not answer (waited {} s)", waited.as_secs())]
    Frozen {
        /// Host.
        host: String,
        /// Port.
        port: u16,
        /// How long no byte came.
        waited: Duration,
        /// Whether it is a server that harness does not run.
        external: bool,
    },
    /// Another session has held a lock for longer than any of ours should.
    #[error("waited {} s for a lock of {holder}", waited.as_secs())]
    Locked {
        /// Which session, and what it does.
        holder: String,
        /// How long it was waited for.
        waited: Duration,
    },
    /// The name of the server's host does not resolve.
    #[error("cannot find the host `{host}` of PostgreSQL")]
    UnknownHost {
        /// The name.
        host: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The administrator of an external server may not do what harness needs.
    #[error("role `{user}` of the external PostgreSQL lacks {missing}")]
    LacksPrivilege {
        /// The administrator.
        user: String,
        /// The attributes that it lacks: `CREATEDB CREATEROLE`.
        missing: String,
    },
    /// Agents are to replicate, and the server writes too little into its log for that.
    #[error("PostgreSQL runs with `wal_level = {level}`; `replication = true` of `[database]` needs `logical`")]
    NoReplication {
        /// Its log level.
        level: String,
        /// Whether it is a server that harness does not run.
        external: bool,
    },
    /// A step that the administrator ran gave a role what reaches into every database.
    #[error("step `{step}` made {roles}, with which agents could reach each other's databases")]
    MightyRoles {
        /// The step.
        step: String,
        /// Each with what it had: `` role `app` SUPERUSER ``.
        roles: String,
    },
    /// The server is older than what harness supports.
    #[error("PostgreSQL {found} is too old: harness needs 15 or newer")]
    TooOld {
        /// What the server says.
        found: String,
    },
    /// The server refused a statement of harness.
    #[error("cannot {action}")]
    Statement {
        /// What was attempted.
        action: String,
        /// Why.
        #[source]
        source: Cause,
    },
    /// A database or role with our name that this home did not make.
    #[error("{object} `{name}` was not created by this home")]
    Foreign {
        /// What it is.
        object: ObjectType,
        /// Its exact name.
        name: String,
        /// Its comment, if it has one.
        comment: Option<String>,
    },
    /// An agent's database is of another project.
    #[error("database `{name}` belongs to project `{project}`")]
    OtherProject {
        /// Its name.
        name: String,
        /// The project that it was made for.
        project: String,
    },
    /// The server lacks an extension.
    #[error("this PostgreSQL {major} server has no extension `{name}`")]
    ExtensionMissing {
        /// The extension.
        name: String,
        /// The server's major version.
        major: u32,
    },
    /// A step of the template, or a `post_clone` command, failed.
    #[error("step `{step}` failed: {ending}")]
    Step {
        /// Its name.
        step: String,
        /// Exit status, signal or timeout.
        ending: String,
        /// Its first diagnostic, where one is recognised, and its last lines.
        output: Vec<String>,
    },
    /// A statement of a SQL file failed.
    #[error("step `{step}` failed at `{file}:{line}`")]
    Script {
        /// Its name.
        step: String,
        /// The file, relative to the tree.
        file: String,
        /// The line on which the statement begins.
        line: usize,
        /// The statement's first lines, and what the server says about it.
        output: Vec<String>,
        /// Why.
        #[source]
        source: Cause,
    },
    /// A SQL file cannot be read.
    #[error("cannot read the SQL of step `{step}`")]
    ScriptFile {
        /// Its name.
        step: String,
        /// Why.
        #[source]
        source: crate::system::Error,
    },
    /// A step's command cannot be started.
    #[error("cannot start step `{step}`")]
    Start {
        /// Its name.
        step: String,
        /// Why.
        #[source]
        source: crate::system::Error,
    },
    /// The inputs of a template cannot be read.
    #[error("cannot determine the inputs of step `{step}`")]
    Inputs {
        /// Its name.
        step: String,
        /// Why.
        #[source]
        source: InputsError,
    },
    /// The inputs changed each time while the template was built from them.
    #[error("the inputs of step `{step}` keep changing while the template is built")]
    InputsChanging {
        /// The first step whose inputs differ.
        step: String,
        /// Files that changed.
        files: Vec<String>,
    },
    /// The database to copy is gone.
    #[error("database `{name}` does not exist")]
    Missing {
        /// Its name.
        name: String,
    },
    /// A snapshot of this name exists.
    #[error("agent {agent} already has a snapshot `{name}`")]
    SnapshotExists {
        /// Whose.
        agent: AgentId,
        /// Its name.
        name: String,
    },
    /// There is no snapshot of this name.
    #[error("agent {agent} has no snapshot `{name}`")]
    SnapshotMissing {
        /// Whose.
        agent: AgentId,
        /// The name asked for.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// Not a name for a snapshot.
    #[error("`{0}` is not a snapshot name: expected 1 to 40 of a-z, 0-9 and `_`")]
    SnapshotName(String),
    /// There is no template of this name.
    #[error("this home has no template `{name}`")]
    TemplateMissing {
        /// The name asked for.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// Databases of agents come from the template that is to be dropped.
    #[error("template `{name}` is in use by {}", agents_named(agents))]
    TemplateInUse {
        /// Its name.
        name: String,
        /// Whose databases.
        agents: Vec<AgentId>,
    },
    /// A command builds or clones the template that is to be dropped.
    #[error("template `{0}` is being built or cloned at this moment")]
    TemplateBusy(String),
    /// Clients reconnect faster than their sessions can be ended.
    #[error("database `{name}` is still in use after its sessions were ended for {} s", waited.as_secs())]
    Busy {
        /// Its name.
        name: String,
        /// How long it was tried.
        waited: Duration,
        /// The sessions that are connected.
        sessions: Vec<String>,
        /// Why.
        #[source]
        source: Cause,
    },
    /// The server refused a query of the user's own.
    #[error("the query failed")]
    Query {
        /// Why.
        #[source]
        source: Box<tokio_postgres::error::DbError>,
    },
    /// `pg_stat_statements` does not work on this server.
    #[error("this PostgreSQL server does not record statements")]
    StatementsUnavailable {
        /// Why.
        #[source]
        source: Cause,
    },
}

impl Error {
    /// A connection that failed.
    pub(super) fn connect(login: &DatabaseCredentials, error: tokio_postgres::Error) -> Self {
        Self::Connect {
            problem: LoginProblem::of(&error),
            external: login.access.external,
            host: login.host.clone(),
            port: login.port,
            database: login.database.clone(),
            user: login.user.clone(),
            source: cause(error),
        }
    }

    /// A statement's failure, named by what it was for.
    pub(super) fn statement(action: impl Into<String>) -> impl FnOnce(tokio_postgres::Error) -> Self {
        let action = action.into();
        move |error| Self::Statement { action, source: cause(error) }
    }
}

fn agents_named(agents: &[AgentId]) -> String {
    let ids: Vec<String> = agents.iter().map(ToString::to_string).collect();
    format!("agent{} {}", if ids.len() == 1 { "" } else { "s" }, ids.join(", "))
}

/// What the server said, without the driver's own `db error` around it.
pub(super) fn cause(error: tokio_postgres::Error) -> Cause {
    match error.as_db_error().cloned() {
        Some(said) => Box::new(said),
        None => Box::new(error),
    }
}
