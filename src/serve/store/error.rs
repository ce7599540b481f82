//! What can go wrong with the database.

use std::path::PathBuf;

use crate::report::{Diagnostic, Kind};
use crate::system;

/// The database cannot be used.
#[derive(Debug, thiserror::Error)]
pub(in crate::serve) enum StoreError {
    /// It cannot be opened.
    #[error("cannot open the database `{}`", path.display())]
    Open {
        path: PathBuf,
        #[source]
        source: rusqlite::Error,
    },
    /// A newer harness wrote it.
    #[error("the database `{}` has migration {found}; this version of harness knows up to {known}", path.display())]
    Newer { path: PathBuf, found: u32, known: u32 },
    /// A statement failed.
    #[error("the database failed")]
    Failed(#[from] rusqlite::Error),
    /// Its thread has ended.
    #[error("the database is closed")]
    Closed,
    /// Its file.
    #[error(transparent)]
    System(#[from] system::Error),
}

impl Diagnostic for StoreError {
    fn kind(&self) -> Kind {
        Kind::Environment
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Open { .. } => "serve.database",
            Self::Newer { .. } => "serve.database_newer",
            Self::Failed(_) => "serve.database_failed",
            Self::Closed => "serve.ending",
            Self::System(error) => error.code(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Open { path, .. } => Some(format!(
                "set DATABASE_PATH to another file, or move `{}` away; its tasks go with it",
                path.display()
            )),
            Self::Newer { .. } => Some("install the version of harness that wrote it, or a newer one".into()),
            Self::Failed(_) => Some("see whether the disk is full".into()),
            Self::Closed => Some("start `harness serve` again".into()),
            Self::System(error) => error.hint(),
        }
    }
}
