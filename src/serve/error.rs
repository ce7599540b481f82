//! Why there is no server.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::report::{Diagnostic, Kind};
use crate::system::{self, PortHolder};

/// The server cannot begin, or cannot be found.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another one serves this home.
    #[error("`harness serve` runs for this home already{}{}", at(address.as_ref()), by(pid.as_ref()))]
    Running {
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

impl Diagnostic for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Running { .. } | Self::PortTaken { .. } | Self::NotRunning => Kind::Conflict,
            Self::Settings { .. } | Self::Certificate { .. } => Kind::Configuration,
            Self::Listen { .. } | Self::NoAnswer { .. } => Kind::Environment,
            Self::System(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Running { .. } => "serve.running",
            Self::PortTaken { .. } => "serve.port_taken",
            Self::Listen { .. } => "serve.listen",
            Self::NotRunning => "serve.not_running",
            Self::NoAnswer { .. } => "serve.no_answer",
            Self::Settings { .. } => "serve.settings",
            Self::Certificate { .. } => "gateway.certificate",
            Self::System(error) => error.code(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Running { .. } => Some("run `harness open --dashboard`, which opens it".into()),
            Self::PortTaken { option, .. } => Some(format!("end that program, or choose another with `{option}`")),
            Self::Listen { .. } => Some("choose an address of this machine with `--address`".into()),
            Self::NotRunning => Some("run `harness serve`, which stays in the foreground".into()),
            Self::NoAnswer { .. } => Some("stop it and start it again".into()),
            Self::Settings { .. } => Some("docs/serve.md lists the settings".into()),
            Self::Certificate { .. } => {
                Some("it must be in the PEM format; of `serve/authority.key` remove it, and it is made again".into())
            }
            Self::System(error) => error.hint(),
        }
    }
}
