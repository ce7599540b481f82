//! What can go wrong between a command and a supervisor.

use std::path::{Path, PathBuf};

use super::execute::Role;
use super::passage::REFUSED;
use super::{own_log, trio};
use crate::report::{Diagnostic, Kind};

/// Result of this module.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A command could not get what it wanted of a stack's supervisor.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system refused something.
    #[error(transparent)]
    System(#[from] crate::system::Error),
    /// The stack would be started under another one's loopback map.
    #[error(transparent)]
    Mapped(#[from] crate::system::loopback_map::Error),
    /// `processes.toml` cannot be read.
    #[error("`{}` is not a valid process config", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// The process config asks for something impossible.
    #[error("process `{process}`: {problem}")]
    Refused {
        /// The process.
        process: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The supervisor speaks another protocol.
    #[error(
        "the supervisor of `{stack}` is of harness {theirs} (protocol {their_protocol}), this command is of harness \
         {ours} (protocol {our_protocol})"
    )]
    Version {
        /// `agent-3`, `infra`.
        stack: String,
        /// Its version.
        theirs: String,
        /// Its protocol.
        their_protocol: u32,
        /// Version of this binary.
        ours: String,
        /// Protocol of this binary.
        our_protocol: u32,
    },
    /// The socket is served by another user's process.
    #[error("the socket in `{}` belongs to a process of user {uid}, not of its owner", directory.display())]
    ForeignPeer {
        /// The stack's directory.
        directory: PathBuf,
        /// Who serves it.
        uid: u32,
    },
    /// The supervisor, its guardian or both were stopped by a signal.
    #[error("the supervisor of {} is frozen: {} stopped by a signal", stack_in(directory), stopped.join(" and "))]
    Frozen {
        /// The stack's directory.
        directory: PathBuf,
        /// Who was stopped: `its guardian (pid 12)`.
        stopped: Vec<String>,
        /// Whether the guardian is among them: then nobody mends it until a command does.
        by_itself: bool,
    },
    /// A filter of system calls keeps the command from the socket.
    #[error("this process may not use Unix sockets, so that the supervisor in `{}` cannot be asked", directory.display())]
    Blocked {
        /// The stack's directory.
        directory: PathBuf,
    },
    /// The supervisor does not answer.
    #[error("the supervisor of {} in `{}` does not answer", stack_in(directory), directory.display())]
    NoAnswer {
        /// The stack's directory.
        directory: PathBuf,
        /// The last lines of its own log.
        log: Vec<String>,
    },
    /// No supervisor runs where one is needed.
    #[error("no supervisor runs in `{}`", directory.display())]
    NotRunning {
        /// The stack's directory.
        directory: PathBuf,
    },
    /// The supervisor refused a request.
    #[error("the supervisor refused: {message}")]
    Rejected {
        /// Stable name.
        code: String,
        /// Its words.
        message: String,
    },
    /// A message was cut off or is not of the protocol.
    #[error("cannot {action} the supervisor in `{}`", directory.display())]
    Talk {
        /// `ask`, `understand`.
        action: &'static str,
        /// The stack's directory.
        directory: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A regular expression cannot be compiled.
    #[error("`{pattern}` is not a regular expression")]
    Pattern {
        /// The expression.
        pattern: String,
        /// Why.
        #[source]
        source: Box<regex::Error>,
    },
}

/// Whose stack a directory holds, for people.
fn stack_in(directory: &Path) -> String {
    match agent_in(directory) {
        Some(id) => format!("agent {id}"),
        None => "the shared servers".to_owned(),
    }
}

fn agent_in(directory: &Path) -> Option<u32> {
    directory.file_name()?.to_str()?.parse().ok()
}

impl Error {
    /// Why no answer came.
    pub(crate) fn no_answer(directory: &Path) -> Self {
        let found = trio::stopped(directory);
        let directory = directory.to_owned();
        if found.is_empty() {
            let log = own_log::last_lines(&directory);
            return Self::NoAnswer { directory, log };
        }
        let by_itself = found.iter().all(|member| member.role == Role::Supervisor);
        let described = |member: &trio::Member| match member.role {
            Role::Supervisor => format!("it (pid {}) was", member.pid()),
            Role::Guardian => format!("its guardian (pid {}) was", member.pid()),
        };
        Self::Frozen { directory, stopped: found.iter().map(described).collect(), by_itself }
    }

    /// Whether there is a supervisor that gives no answer.
    pub fn is_silent(&self) -> bool {
        matches!(self, Self::Frozen { .. } | Self::NoAnswer { .. })
    }

    /// Whether the supervisor is of an older harness, which this one may replace; never the other way round.
    pub(crate) fn is_older(&self) -> bool {
        matches!(self, Self::Version { their_protocol, our_protocol, .. } if their_protocol < our_protocol)
    }

    /// Whether nothing accepted the connection that was asked for.
    pub fn is_refused(&self) -> bool {
        matches!(self, Self::Rejected { code, .. } if code == REFUSED)
    }

    /// Whether the supervisor is gone, or will be in a moment.
    pub fn is_ending(&self) -> bool {
        match self {
            Self::NotRunning { .. } => true,
            Self::Rejected { code, .. } => code == ENDING,
            _ => false,
        }
    }
}

/// The code of the refusal of a supervisor that is about to end.
pub(crate) const ENDING: &str = "supervisor.ending";

impl Diagnostic for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Refused { .. } | Self::Pattern { .. } => Kind::Configuration,
            Self::NotRunning { .. } => Kind::Conflict,
            Self::Mapped(error) => error.kind(),
            _ => Kind::Environment,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::System(error) => error.code(),
            Self::Mapped(error) => error.code(),
            Self::Damaged { .. } => "supervisor.config_damaged",
            Self::Refused { .. } => "supervisor.config_refused",
            Self::Version { .. } => "supervisor.version",
            Self::ForeignPeer { .. } => "supervisor.foreign",
            Self::Frozen { .. } => "supervisor.frozen",
            Self::Blocked { .. } => "supervisor.blocked",
            Self::NoAnswer { .. } => "supervisor.no_answer",
            Self::NotRunning { .. } => "supervisor.not_running",
            Self::Rejected { .. } => "supervisor.rejected",
            Self::Talk { .. } => "supervisor.connection",
            Self::Pattern { .. } => "pattern.invalid",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::System(error) => error.hint(),
            Self::Mapped(error) => Diagnostic::hint(error),
            Self::Version { their_protocol, our_protocol, .. } if their_protocol > our_protocol => {
                Some("use that version of harness, or a newer one".to_owned())
            }
            Self::Version { stack, .. } => Some(match stack.strip_prefix("agent-") {
                Some(id) => format!("run `harness restart --supervisor {id}`; its processes keep running"),
                None => "run `harness setup`; the servers keep running".to_owned(),
            }),
            Self::Blocked { .. } => Some("let the sandbox pass Unix sockets: see docs/sandboxes.md".to_owned()),
            Self::NotRunning { directory } => Some(match agent_in(directory) {
                Some(id) => format!("run `harness launch {id}`"),
                None => "run `harness setup`".to_owned(),
            }),
            Self::Frozen { by_itself: true, .. } | Self::NoAnswer { .. } => {
                Some("wait 30 s: its guardian ends it and starts another, and its processes keep running".to_owned())
            }
            Self::Frozen { directory, .. } => Some(match agent_in(directory) {
                Some(id) => format!("run `harness launch {id}`, which lets them go on; its processes keep running"),
                None => "run `harness setup`, which lets them go on; the servers keep running".to_owned(),
            }),
            _ => None,
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::NoAnswer { log, .. } => log.clone(),
            _ => Vec::new(),
        }
    }
}
