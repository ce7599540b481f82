//! What can go wrong with a store.

use crate::project::StoreKind;
use crate::report::{Diagnostic, Kind};

/// A store cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No program on this machine serves it.
    #[error("store `{store}`: {} is not installed", kind.name())]
    NotInstalled {
        /// The store.
        store: String,
        /// What it uses.
        kind: StoreKind,
    },
    /// Its template could not be built.
    #[error("the template of store `{store}` was not built: {what}: {ending}")]
    Build {
        /// The store.
        store: String,
        /// What failed: step `schema`.
        what: String,
        /// How it ended.
        ending: String,
        /// The last lines of its output.
        output: Vec<String>,
    },
    /// Files could not be copied.
    #[error("cannot copy the files of store `{store}`: {ending}")]
    Copy {
        /// The store.
        store: String,
        /// How the copying program ended.
        ending: String,
        /// What it said.
        output: Vec<String>,
    },
    /// A file of SQLite stays locked by a program that writes.
    #[error("`{file}` of store `{store}` is in use: {reason}")]
    Locked {
        /// The store.
        store: String,
        /// The file.
        file: String,
        /// What SQLite says.
        reason: String,
    },
}

impl Diagnostic for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Build { .. } => Kind::CheckFailed,
            Self::NotInstalled { .. } | Self::Copy { .. } => Kind::Environment,
            Self::Locked { .. } => Kind::Conflict,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotInstalled { .. } => "store.not_installed",
            Self::Build { .. } => "store.build_failed",
            Self::Copy { .. } => "store.copy_failed",
            Self::Locked { .. } => "store.locked",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NotInstalled { kind, .. } => Some(packages(*kind).to_owned()),
            Self::Locked { .. } => {
                Some("end the transaction, or stop the process that writes: `harness stop`".to_owned())
            }
            Self::Build { .. } | Self::Copy { .. } => None,
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Build { output, .. } | Self::Copy { output, .. } => output.clone(),
            Self::NotInstalled { .. } | Self::Locked { .. } => Vec::new(),
        }
    }
}

/// What to install.
fn packages(kind: StoreKind) -> &'static str {
    match kind {
        StoreKind::Own | StoreKind::Sqlite | StoreKind::Image => "install its program",
        StoreKind::Redis => "install the package `redis-server` or `valkey-server`",
        StoreKind::Mysql => "install the package `mariadb-server-core`, or `mysql-server-core` where the system has it",
        StoreKind::Mariadb => "install the package `mariadb-server-core`",
        StoreKind::Mongodb => "install the package `mongodb-org` from MongoDB's own repository; Debian has none",
    }
}
