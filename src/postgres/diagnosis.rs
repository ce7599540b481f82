//! What the errors of this folder mean to a caller, and how they are shown: kind, code, hint and details.

use tokio_postgres::error::{DbError, SqlState};

use crate::report::{Diagnostic, Kind};

use super::login_problem::LoginProblem;
use super::packages::packages;
use super::{Error, remedy};

const CORRECT: &str = "correct the step, then run the command again";

impl Error {
    /// Whether the server is one of this home that is down and may be restarted in a moment.
    pub(super) fn is_restarting(&self) -> bool {
        matches!(self, Self::Connect { problem: LoginProblem::Down, external: false, .. })
    }

    pub(super) fn is_disk_full(&self) -> bool {
        self.sql_state() == Some(&SqlState::DISK_FULL)
    }

    /// Whether the same request fails again until something is changed: to wait for such a server is
    /// useless.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Connect { problem, .. } => !matches!(problem, LoginProblem::Down | LoginProblem::Other),
            Self::UnknownHost { .. }
            | Self::LacksPrivilege { .. }
            | Self::NoReplication { .. }
            | Self::TooOld { .. } => true,
            _ => false,
        }
    }

    /// The SQLSTATE behind it, if the server sent one.
    pub(super) fn sql_state(&self) -> Option<&SqlState> {
        let source = std::error::Error::source(self)?;
        source.downcast_ref::<DbError>().map(DbError::code)
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
            | Self::TemplateMissing { .. }
            | Self::TemplateInUse { .. }
            | Self::TemplateBusy(_)
            | Self::InputsChanging { .. } => Kind::Conflict,
            Self::SnapshotName(_) => Kind::Usage,
            Self::Query { .. } => Kind::CheckFailed,
            Self::Step { .. }
            | Self::Script { .. }
            | Self::ScriptFile { .. }
            | Self::MightyRoles { .. }
            | Self::Start { .. } => Kind::Configuration,
            Self::Inputs { source, .. } => source.kind(),
            _ => Kind::Environment,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Connect { problem: LoginProblem::Login, .. } => "postgres.login_refused",
            Self::Connect { problem: LoginProblem::NoDatabase, .. } => "postgres.no_database",
            Self::Connect { .. } => "postgres.unreachable",
            Self::Frozen { .. } => "postgres.frozen",
            Self::Locked { .. } => "postgres.locked",
            Self::UnknownHost { .. } => "postgres.unknown_host",
            Self::LacksPrivilege { .. } => "postgres.lacks_privilege",
            Self::NoReplication { .. } => "postgres.no_replication",
            Self::MightyRoles { .. } => "template.mighty_roles",
            Self::TooOld { .. } => "postgres.too_old",
            Self::Statement { .. } if self.is_disk_full() => "postgres.disk_full",
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
            Self::TemplateMissing { .. } => "template.missing",
            Self::TemplateInUse { .. } => "template.in_use",
            Self::TemplateBusy(_) => "template.busy",
            Self::Busy { .. } => "database.busy",
            Self::Query { .. } => "query.failed",
            Self::StatementsUnavailable { .. } => "postgres.statements_unavailable",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Connect { problem, external, user, .. } => Some(problem.hint(*external, user)),
            Self::Locked { .. } => Some(
                "wait for the command that it belongs to, or end the session with `select pg_terminate_backend(PID)`"
                    .to_owned(),
            ),
            Self::Frozen { external: false, .. } => Some(
                "harness restarts a server of its own that stays silent: run `harness infra ps` to see it, then the \
                 command again; another program on its port must be stopped"
                    .into(),
            ),
            Self::Frozen { external: true, .. } => {
                Some("check that server, and the tunnel or proxy in front of it".into())
            }
            Self::UnknownHost { .. } => Some("correct the host in `url` of `[infra.postgres]`".into()),
            Self::LacksPrivilege { user, missing } => {
                Some(format!("run `ALTER ROLE \"{user}\" {missing}` as a superuser of that server"))
            }
            Self::NoReplication { external: true, .. } => {
                Some("set `wal_level = logical` on that server and restart it".into())
            }
            Self::NoReplication { external: false, .. } => Some(
                "run `harness teardown --infra`, which keeps the data, then `harness setup`: it sets `wal_level = logical` \
                 unless `settings` of `[infra.postgres]` say otherwise"
                    .into(),
            ),
            Self::MightyRoles { .. } => Some(
                "leave it out: it has been taken away again. The step itself runs as the administrator, and a role may \
                 have LOGIN, CREATEDB, BYPASSRLS and privileges on objects"
                    .into(),
            ),
            Self::Statement { .. } if self.is_disk_full() => Some(
                "free space on the disk of the server, then run the command again: `harness gc`, \
                 `harness db ID drop NAME` and `harness teardown ID` give some back"
                    .into(),
            ),
            Self::Foreign { object, name, .. } => Some(format!(
                "rename or drop it (`DROP {} \"{name}\"`), or use another agent id",
                object.to_string().to_uppercase()
            )),
            Self::ExtensionMissing { name, major } => Some(format!(
                "install it for this server (Debian, Ubuntu: `apt-get install {}`)",
                packages(*major, std::slice::from_ref(name)).join(" ")
            )),
            Self::Step { output, .. } => {
                Some(remedy::of(output.iter().map(String::as_str)).unwrap_or_else(|| CORRECT.into()))
            }
            Self::Script { source, .. } => {
                Some(remedy::of([source.to_string().as_str()].into_iter()).unwrap_or_else(|| CORRECT.into()))
            }
            Self::Inputs { source, .. } => source.hint(),
            Self::InputsChanging { .. } => {
                Some("exclude files that the step itself writes from its `inputs` (`!db/schema.rb`)".into())
            }
            Self::SnapshotExists { agent, name } => {
                Some(format!("choose another name, or run `harness db {agent} drop {name}` first"))
            }
            Self::TemplateInUse { name, .. } => Some(format!(
                "run `harness template drop --force {name}`: their databases stay; `db reset` of these agents builds it again"
            )),
            Self::TemplateBusy(_) => Some("wait for the command that does so, then run this one again".into()),
            Self::SnapshotMissing { known, .. } | Self::TemplateMissing { known, .. } if !known.is_empty() => {
                Some(format!("there are: {}", known.join(", ")))
            }
            Self::TemplateMissing { .. } => Some("run `harness template list`, or compare with a snapshot".into()),
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
