//! Why an embedded server could not start or go on.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::report::{Diagnostic, Kind};

/// Result of this module.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An embedded server cannot run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An argument is unknown, lacks its value, or has a wrong one.
    #[error("`{argument}` of `{command}`: {problem}")]
    Argument {
        /// `harness __s3`.
        command: &'static str,
        /// The argument.
        argument: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A variable that carries a secret is not set.
    #[error("`{0}` is not set")]
    Variable(&'static str),
    /// The address is taken, or not this machine's.
    #[error("cannot listen on `{address}`")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Another server works on the same data.
    #[error("`{}` is in use by another server", directory.display())]
    InUse {
        /// The data directory.
        directory: PathBuf,
    },
    /// The operating system refused something.
    #[error("cannot run the server")]
    System(#[from] crate::system::Error),
}

impl Diagnostic for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Argument { .. } | Self::Variable(_) => Kind::Usage,
            Self::Listen { .. } | Self::InUse { .. } => Kind::Conflict,
            Self::System(_) => Kind::Environment,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Argument { .. } | Self::Variable(_) => "embedded.usage",
            Self::Listen { .. } => "port.in_use",
            Self::InUse { .. } => "embedded.data_in_use",
            Self::System(error) => error.code(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::System(error) => error.hint(),
            _ => None,
        }
    }
}
