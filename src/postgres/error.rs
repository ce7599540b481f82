//! What can go wrong with a PostgreSQL server and the databases on it.

use std::time::Duration;

use crate::project::AgentId;
use crate::project::inputs::InputsError;
use crate::report::{Diagnostic, Kind};

use super::packages::packages;

/// Result of this layer.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The cause of a failure, as the server or the driver put it.
pub(super) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Something that should be there or should not.
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
    /// The server does not let us in.
    #[error("cannot connect to database `{database}` of PostgreSQL at {host}:{port} as `{user}`")]
    Connect {
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
    /// The server is older than what harness is tried with.
    #[error("PostgreSQL {found} is too old: harness needs 15 or newer")]
    TooOld {
        /// What the server says.
        found: String,
    },
    /// The server refused a statement of ours.
    #[error("cannot {action}")]
    Statement {
        /// What was attempted.
        action: String,
        /// Why.
        #[source]
        source: Cause,
    },
    /// Somebody else's database or role has our name.
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
        /// Its last lines.
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
    /// The inputs of a template cannot be told.
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
    /// A snapshot of this name is there already.
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
    /// Sessions come back faster than they can be evicted.
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
    /// A statement's failure, named by what it was for.
    pub(super) fn statement(action: impl Into<String>) -> impl FnOnce(tokio_postgres::Error) -> Self {
        let action = action.into();
        move |error| Self::Statement { action, source: cause(error) }
    }

    /// The SQLSTATE behind it, if the server sent one.
    pub(super) fn sql_state(&self) -> Option<&tokio_postgres::error::SqlState> {
        let source = std::error::Error::source(self)?;
        source.downcast_ref::<tokio_postgres::error::DbError>().map(tokio_postgres::error::DbError::code)
    }
}

/// What the server said, without the driver's own `db error` around it.
pub(super) fn cause(error: tokio_postgres::Error) -> Cause {
    match error.as_db_error().cloned() {
        Some(said) => Box::new(said),
        None => Box::new(error),
    }
}

impl Diagnostic for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Foreign { .. }
            | Self::OtherProject { .. }
            | Self::Missing { .. }
            | Self::SnapshotExists { .. }
            | Self::SnapshotMissing { .. }
            | Self::InputsChanging { .. } => Kind::Conflict,
            Self::SnapshotName(_) => Kind::Usage,
            Self::Query { .. } => Kind::CheckFailed,
            Self::Step { .. } | Self::Script { .. } | Self::ScriptFile { .. } | Self::Start { .. } => {
                Kind::Configuration
            }
            Self::Inputs { source, .. } => source.kind(),
            _ => Kind::Environment,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Connect { .. } => "postgres.unreachable",
            Self::TooOld { .. } => "postgres.too_old",
            Self::Statement { .. } => "postgres.statement_failed",
            Self::Foreign { .. } => "database.foreign",
            Self::OtherProject { .. } => "database.other_project",
            Self::ExtensionMissing { .. } => "postgres.extension_missing",
            Self::Step { .. } | Self::Script { .. } | Self::ScriptFile { .. } | Self::Start { .. } => {
                "template.build_failed"
            }
            Self::Inputs { source, .. } => source.code(),
            Self::InputsChanging { .. } => "template.inputs_changing",
            Self::Missing { .. } => "database.missing",
            Self::SnapshotExists { .. } => "snapshot.exists",
            Self::SnapshotMissing { .. } => "snapshot.missing",
            Self::SnapshotName(_) => "snapshot.invalid_name",
            Self::Busy { .. } => "database.busy",
            Self::Query { .. } => "query.failed",
            Self::StatementsUnavailable { .. } => "postgres.statements_unavailable",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Connect { .. } => Some("run `harness setup` to start the servers".into()),
            Self::Foreign { object, name, .. } => Some(format!(
                "rename or drop it (`DROP {} \"{name}\"`), or use another agent id",
                object.to_string().to_uppercase()
            )),
            Self::ExtensionMissing { name, major } => Some(format!(
                "install it for this server (Debian, Ubuntu: `apt-get install {}`)",
                packages(*major, std::slice::from_ref(name)).join(" ")
            )),
            Self::Step { .. } | Self::Script { .. } => Some("mend it and run the command again".into()),
            Self::Inputs { source, .. } => source.hint(),
            Self::InputsChanging { .. } => {
                Some("exclude files that the step itself writes from its `inputs` (`!db/schema.rb`)".into())
            }
            Self::SnapshotExists { .. } => Some("choose another name, or drop it first".into()),
            Self::SnapshotMissing { known, .. } if !known.is_empty() => {
                Some(format!("there are: {}", known.join(", ")))
            }
            Self::StatementsUnavailable { .. } => {
                Some("set `shared_preload_libraries = 'pg_stat_statements'` on the server and restart it".into())
            }
            _ => None,
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Query { source } => {
                [source.detail(), source.hint()].into_iter().flatten().map(str::to_owned).collect()
            }
            Self::Step { output, .. } | Self::Script { output, .. } => output.clone(),
            Self::InputsChanging { files, .. } => files.clone(),
            Self::Busy { sessions, .. } => sessions.clone(),
            Self::Foreign { comment, .. } => vec![match comment {
                Some(comment) => format!("its comment: {comment}"),
                None => "it has no comment".into(),
            }],
            _ => Vec::new(),
        }
    }
}
