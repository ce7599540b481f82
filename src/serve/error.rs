//! Why there is no server.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::report::{Diagnostic, ErrorDocument, Kind};
use crate::system::{self, PortHolder};

/// The server cannot begin, or cannot be found.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another one serves this home.
    #[error(
        "`harness serve` runs for this home already{}{}{}",
        if *detached { ", detached" } else { "" }, at(address.as_ref()), by(pid.as_ref())
    )]
    Running {
        /// Whether it is detached.
        detached: bool,
        /// Its process.
        pid: Option<u32>,
        /// Where it listens.
        address: Option<SocketAddr>,
    },
    /// Another program has the port.
    #[error("port {} is in use{}", address.port(), holder.as_ref().map(held).unwrap_or_default())]
    PortTaken {
        /// Where it should listen.
        address: SocketAddr,
        /// Who does.
        holder: Option<PortHolder>,
        /// The option that chooses another.
        option: &'static str,
    },
    /// The address is not one of this machine, or may not be listened on.
    #[error("cannot listen on `{address}`")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It was detached, and ended before it answered.
    #[error("`harness serve` did not start{}", below(lines))]
    NotStarted {
        /// The end of its log.
        lines: Vec<String>,
    },
    /// It was not detached, so somebody looks at it.
    #[error("`harness serve` runs in the foreground, as process {pid}")]
    Foreground {
        /// Its process.
        pid: u32,
    },
    /// No server of this home runs.
    #[error("`harness serve` does not run for this home")]
    NotRunning,
    /// It runs and does not answer as it should.
    #[error("`harness serve` at `{address}` answered {answer}")]
    NoAnswer {
        /// Where it listens.
        address: SocketAddr,
        /// What came.
        answer: String,
    },
    /// It understood the request and does not meet it.
    #[error("{}", error.message)]
    Refused {
        /// Its status.
        status: u16,
        /// Why.
        error: Box<ErrorDocument>,
    },
    /// The settings are wrong.
    #[error("`{}` is wrong: {reason}", path.display())]
    Settings {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        reason: String,
    },
    /// A certificate, or its key.
    #[error("`{}` is wrong: {reason}", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Something about the machine.
    #[error(transparent)]
    System(#[from] system::Error),
}

/// Lines below a message.
fn below(lines: &[String]) -> String {
    if lines.is_empty() { String::new() } else { format!("\n    {}", lines.join("\n    ")) }
}

fn at(address: Option<&SocketAddr>) -> String {
    address.map(|address| format!(", at `http://{address}`")).unwrap_or_default()
}

fn by(pid: Option<&u32>) -> String {
    pid.map(|pid| format!(", as process {pid}")).unwrap_or_default()
}

fn held(holder: &PortHolder) -> String {
    let pid = holder.pid.map(|pid| format!("process {pid}, ")).unwrap_or_default();
    format!(" by {pid}`{}`", holder.command)
}

/// Codes of the server that a command's own document has too.
const PASSED_ON: [&str; 7] = [
    "queue.no_job",
    "queue.no_project",
    "queue.project_taken",
    "queue.project_in_use",
    "queue.state",
    "queue.no_key",
    "serve.no_task",
];

impl Diagnostic for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Refused { status: 400 | 413, .. } => Kind::Usage,
            Self::Running { .. }
            | Self::PortTaken { .. }
            | Self::NotRunning
            | Self::Foreground { .. }
            | Self::Refused { status: 401..500, .. } => Kind::Conflict,
            Self::Settings { .. } | Self::Certificate { .. } => Kind::Configuration,
            Self::Listen { .. } | Self::NoAnswer { .. } | Self::NotStarted { .. } | Self::Refused { .. } => {
                Kind::Environment
            }
            Self::System(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Running { .. } => "serve.running",
            Self::PortTaken { .. } => "serve.port_taken",
            Self::Listen { .. } => "serve.listen",
            Self::NotRunning => "serve.not_running",
            Self::NotStarted { .. } => "serve.not_started",
            Self::Foreground { .. } => "serve.foreground",
            Self::NoAnswer { .. } => "serve.no_answer",
            Self::Refused { error, .. } => {
                PASSED_ON.into_iter().find(|code| *code == error.code).unwrap_or("serve.refused")
            }
            Self::Settings { .. } => "serve.settings",
            Self::Certificate { .. } => "gateway.certificate",
            Self::System(error) => error.code(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Running { detached: true, .. } => {
                Some("run `harness open --dashboard`, which opens it, or `harness serve stop`".into())
            }
            Self::Running { .. } => Some("run `harness open --dashboard`, which opens it".into()),
            Self::PortTaken { option, .. } => Some(format!("end that program, or choose another with `{option}`")),
            Self::NotStarted { .. } => Some("`harness serve` shows the same in the foreground".into()),
            Self::Foreground { .. } => Some("end it there with Ctrl-C, or send it SIGTERM".into()),
            Self::Listen { .. } => Some("choose an address of this machine with `--address`".into()),
            Self::NotRunning => {
                Some("run `harness serve --detach`, or `harness serve`, which stays in the foreground".into())
            }
            Self::NoAnswer { .. } => Some("stop it and start it again".into()),
            Self::Refused { error, .. } => error.hint.clone(),
            Self::Settings { .. } => Some("docs/serve.md lists the settings".into()),
            Self::Certificate { .. } => {
                Some("it must be in the PEM format; of `serve/authority.key` remove it, and it is made again".into())
            }
            Self::System(error) => error.hint(),
        }
    }
}
