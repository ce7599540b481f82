//! What can go wrong with the database.

use std::path::PathBuf;

use tokio_rustls::rustls;

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
    #[error("the database `{place}` has migration {found}; this version of harness knows up to {known}")]
    Newer { place: String, found: u32, known: u32 },
    /// PostgreSQL cannot be reached, or does not let harness in.
    #[error("cannot use the database of the queue, `{place}`")]
    Connect {
        place: String,
        #[source]
        source: tokio_postgres::Error,
    },
    /// PostgreSQL accepts connections, or accepted one, and does not answer.
    #[error("the database of the queue, `{0}`, does not answer")]
    Silent(String),
    /// A statement failed there.
    #[error("the database of the queue failed")]
    Postgres(#[from] tokio_postgres::Error),
    /// Somebody else has changed what only harness writes.
    #[error("a row of the database is not as harness wrote it")]
    Unexpected,
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
            Self::Open { .. } | Self::Connect { .. } => "serve.database",
            Self::Newer { .. } => "serve.database_newer",
            Self::Failed(_) | Self::Postgres(_) | Self::Silent(_) | Self::Unexpected => "serve.database_failed",
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
            Self::Connect { source, .. } if is_not_trusted(source) => Some(
                "name the authority that signed the server's certificate with `sslrootcert=FILE` in the address; \
                 `sslmode=verify-ca` does not compare the host, `sslmode=require` looks at no certificate"
                    .into(),
            ),
            Self::Connect { .. } => Some(
                "see whether PostgreSQL runs there and lets this user create a schema; `[database]` of `serve/serve.toml`, or \
                 HARNESS_DATABASE_URL, names it"
                    .into(),
            ),
            Self::Postgres(_) | Self::Silent(_) => Some("see whether PostgreSQL runs, and what its log says".into()),
            Self::Unexpected => Some("bring back a copy of the database that harness wrote".into()),
            Self::Failed(_) => Some("see whether the disk is full".into()),
            Self::Closed => Some("start `harness serve` again".into()),
            Self::System(error) => error.hint(),
        }
    }
}

/// Whether the certificate of the server was not accepted.
fn is_not_trusted(error: &tokio_postgres::Error) -> bool {
    let io = std::error::Error::source(error).and_then(|source| source.downcast_ref::<std::io::Error>());
    let tls = io.and_then(std::io::Error::get_ref).and_then(|inner| inner.downcast_ref::<rustls::Error>());
    matches!(tls, Some(rustls::Error::InvalidCertificate(_)))
}
