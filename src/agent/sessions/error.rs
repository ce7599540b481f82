//! What can go wrong with a session.

use std::path::PathBuf;

use crate::project::AgentId;
use crate::report::{Diagnostic, Kind};

/// A session cannot be what was asked.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// There is none of that name.
    #[error("agent {agent} has no session `{name}`")]
    Unknown {
        /// The agent.
        agent: AgentId,
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// No name was given, and the agent has not exactly one session.
    #[error("no session of agent {agent} is named")]
    Unnamed {
        /// The agent.
        agent: AgentId,
        /// What there is.
        known: Vec<String>,
    },
    /// A process has no terminal.
    #[error("process `{name}` of agent {agent} has no terminal, or does not run")]
    NoTerminal {
        /// The agent.
        agent: AgentId,
        /// The process.
        name: String,
    },
    /// The name is in use.
    #[error("agent {agent} has a {what} `{name}` already")]
    Taken {
        /// The agent.
        agent: AgentId,
        /// The name.
        name: String,
        /// `session`, `process`.
        what: &'static str,
    },
    /// The name cannot be that of a file.
    #[error("`{name}` is not a name for a session: letters, digits, `-`, `_` and `.` make one")]
    Name {
        /// The name.
        name: String,
    },
    /// The stack has as many as it may.
    #[error("agent {agent} has {count} sessions that run: that is the limit")]
    Limit {
        /// The agent.
        agent: AgentId,
        /// How many.
        count: usize,
    },
    /// Its working directory does not exist.
    #[error("`{}` is not a directory", path.display())]
    Directory {
        /// The path.
        path: PathBuf,
    },
    /// The program could not be started.
    #[error("session `{name}` of agent {agent} did not start: {reason}")]
    NotStarted {
        /// The agent.
        agent: AgentId,
        /// The session.
        name: String,
        /// Why.
        reason: String,
    },
    /// The command that joins has no terminal itself.
    #[error("standard input and output are not a terminal")]
    NotOnTerminal,
    /// The stack was stopped while a viewer was attached.
    #[error("the stack of agent {agent} has ended, and session `{name}` with it")]
    StackEnded {
        /// The agent.
        agent: AgentId,
        /// The session.
        name: String,
    },
}

impl Diagnostic for SessionError {
    fn kind(&self) -> Kind {
        match self {
            Self::Unnamed { .. } | Self::Name { .. } | Self::Directory { .. } | Self::NotOnTerminal => Kind::Usage,
            Self::NotStarted { .. } => Kind::Environment,
            _ => Kind::Conflict,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "session.unknown",
            Self::Unnamed { .. } => "session.unnamed",
            Self::NoTerminal { .. } => "session.no_terminal",
            Self::Taken { .. } => "session.taken",
            Self::Name { .. } => "session.name",
            Self::Limit { .. } => "session.limit",
            Self::Directory { .. } => "session.directory",
            Self::NotStarted { .. } => "session.not_started",
            Self::NotOnTerminal => "session.not_on_terminal",
            Self::StackEnded { .. } => "session.stack_ended",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unknown { agent, known, .. } | Self::Unnamed { agent, known } if known.is_empty() => {
                format!("run `harness session start {agent} -- COMMAND`")
            }
            Self::Unknown { known, .. } | Self::Unnamed { known, .. } => format!("it has {}", known.join(", ")),
            Self::NoTerminal { name, .. } => {
                format!("set `tty = true` of process `{name}`, or read its output with `harness logs`")
            }
            Self::Taken { agent, name, what: "session" } => {
                format!(
                    "join it with `harness attach {agent} {name}`, end it with `harness session stop {agent} {name}`, or choose another `--name`"
                )
            }
            Self::Taken { .. } | Self::Name { .. } => "choose another `--name`".to_owned(),
            Self::Limit { agent, .. } => format!("end one with `harness session stop {agent} NAME`"),
            Self::NotOnTerminal => "run it in a terminal; `harness logs` prints output anywhere".to_owned(),
            Self::Directory { .. } => "`--cwd` is a directory, relative to the agent's tree".to_owned(),
            Self::NotStarted { .. } | Self::StackEnded { .. } => return None,
        })
    }
}
