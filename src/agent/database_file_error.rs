//! What can go wrong with the dump of a database.

use std::path::PathBuf;

use crate::infra::docker;
use crate::postgres;
use crate::report::{Diagnostic, Kind};
use crate::system;

/// Why a dump or a load failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("no `{program}` of PostgreSQL {major} or newer is installed")]
    NoProgram { program: &'static str, major: u32 },
    #[error("cannot dump database `{database}`")]
    Dump { database: String, output: Vec<String> },
    #[error("cannot load `{}`; the database is as it was", file.display())]
    Load { file: PathBuf, output: Vec<String> },
    #[error("`{}` is {what}, not a dump", file.display())]
    NoDump { file: PathBuf, what: &'static str },
    #[error("`{}` is there already", file.display())]
    FileExists { file: PathBuf },
    #[error("`{}` is no regular file", file.display())]
    NoFile { file: PathBuf },
    #[error("interrupted; the database is as it was")]
    Interrupted,
    #[error(transparent)]
    Postgres(#[from] postgres::Error),
    #[error(transparent)]
    Docker(#[from] docker::Error),
    #[error(transparent)]
    System(#[from] system::Error),
}

impl Diagnostic for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::NoProgram { .. } => Kind::Environment,
            Self::Dump { .. } | Self::Load { .. } => Kind::CheckFailed,
            Self::NoDump { .. } | Self::NoFile { .. } => Kind::Usage,
            Self::FileExists { .. } => Kind::Conflict,
            Self::Interrupted => Kind::Interrupted,
            Self::Postgres(error) => error.kind(),
            Self::Docker(error) => error.kind(),
            Self::System(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoProgram { .. } => "db.no_program",
            Self::Dump { .. } => "db.dump_failed",
            Self::Load { .. } => "db.load_failed",
            Self::NoDump { .. } => "db.no_dump",
            Self::FileExists { .. } => "db.file_exists",
            Self::NoFile { .. } => "db.no_regular_file",
            Self::Interrupted => "interrupted",
            Self::Postgres(error) => error.code(),
            Self::Docker(error) => error.code(),
            Self::System(error) => error.code(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoProgram { major, .. } => {
                Some(format!("install it (Debian, Ubuntu: `apt-get install postgresql-client-{major}`)"))
            }
            Self::FileExists { .. } => Some("name another file, or pass `--force` to replace it".to_owned()),
            Self::NoFile { .. } => Some("name a file; `harness exec --in db -- pg_dump` writes to a pipe".to_owned()),
            Self::Load { output, .. } if output.iter().any(|line| is_for_admin(line)) => Some(
                "only the administrator may create that: put it into a step of `[database.template]` with \
                 `admin = true`, and use `harness db snapshot` where all has to come back"
                    .to_owned(),
            ),
            Self::Load { output, .. } if output.iter().any(|line| line.contains("extension")) => {
                Some("add the extension to `extensions` of `[database]`, which the admin creates".to_owned())
            }
            Self::NoDump { .. } => Some(
                "name a file of SQL, or one that `harness db dump` or `pg_dump --format=custom` has written".to_owned(),
            ),
            Self::Dump { .. } | Self::Load { .. } | Self::Interrupted => None,
            Self::Postgres(error) => error.hint(),
            Self::Docker(error) => error.hint(),
            Self::System(error) => error.hint(),
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Dump { output, .. } | Self::Load { output, .. } => output.clone(),
            Self::Postgres(error) => error.details(),
            Self::Docker(error) => error.details(),
            Self::NoProgram { .. }
            | Self::NoDump { .. }
            | Self::NoFile { .. }
            | Self::FileExists { .. }
            | Self::Interrupted
            | Self::System(_) => Vec::new(),
        }
    }
}

/// Whether PostgreSQL says that only a superuser may do so.
fn is_for_admin(line: &str) -> bool {
    line.contains("create event trigger") || line.contains("must be superuser")
}
