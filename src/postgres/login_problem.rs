//! Why a server refuses a connection, and what mends it.

use tokio_postgres::error::SqlState;

use crate::project::AgentId;

/// Why a server refuses a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginProblem {
    /// It is down, or just starting.
    Down,
    /// It does not accept the user or the password.
    Login,
    /// The database does not exist.
    NoDatabase,
    /// The role may not enter the database.
    Denied,
    /// Anything else; the cause says it.
    Other,
}

impl LoginProblem {
    pub(super) fn of(error: &tokio_postgres::Error) -> Self {
        let Some(code) = error.code() else {
            // refused, or cut off before the login was through
            return if error.is_closed() || io_error(error).is_some() { Self::Down } else { Self::Other };
        };
        if *code == SqlState::INVALID_PASSWORD {
            Self::Login
        } else if *code == SqlState::INVALID_CATALOG_NAME {
            Self::NoDatabase
        } else if [SqlState::INSUFFICIENT_PRIVILEGE, SqlState::INVALID_AUTHORIZATION_SPECIFICATION].contains(code) {
            Self::Denied
        } else if [SqlState::CANNOT_CONNECT_NOW, SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN].contains(code) {
            Self::Down
        } else {
            Self::Other
        }
    }

    /// What mends it, for a login as `user`.
    pub(super) fn hint(self, external: bool, user: &str) -> String {
        let agent = user.strip_prefix("agent_").and_then(|id| id.parse::<AgentId>().ok());
        match (self, agent) {
            (Self::Login, Some(agent)) => {
                format!("the password of role `{user}` was changed: run `harness launch {agent}` to set it back")
            }
            (Self::NoDatabase | Self::Denied, Some(agent)) => format!("run `harness launch {agent}`"),
            (Self::Login, None) if external => "correct user and password in `url` of `[infra.postgres]`".to_owned(),
            (Self::NoDatabase | Self::Denied, None) if external => {
                "name a database that the user may connect to in `url` of `[infra.postgres]`".to_owned()
            }
            _ if external => "start that server, or correct `url` of `[infra.postgres]`".to_owned(),
            _ => "run `harness setup` to start the servers".to_owned(),
        }
    }
}

fn io_error(error: &tokio_postgres::Error) -> Option<&std::io::Error> {
    std::error::Error::source(error)?.downcast_ref()
}
