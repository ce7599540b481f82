//! What can go wrong with a backup or a restore.

use std::path::PathBuf;

use crate::project::AgentId;
use crate::report::{Diagnostic, Kind};
use crate::system;

/// Why a backup or a restore failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("`{}` is there already, and is not an empty directory", directory.display())]
    NotEmpty { directory: PathBuf },
    #[error("`{}` is not a backup: it has no manifest", directory.display())]
    NoBackup { directory: PathBuf },
    #[error("file `{file}` of the backup {what}")]
    Damaged { file: String, what: &'static str },
    #[error("home `{}` is in use: it has {what}", home.display())]
    InUse { home: PathBuf, what: String },
    #[error("agent {agent} lives in `{}`, where there is no `harness.toml`", root.display())]
    NoProject { agent: AgentId, root: PathBuf },
    #[error("agent {agent} cannot be launched: {message}")]
    Launch { agent: AgentId, message: String, kind: Kind, details: Vec<String> },
    #[error(transparent)]
    System(#[from] system::Error),
}

impl Diagnostic for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::NotEmpty { .. } | Self::InUse { .. } => Kind::Conflict,
            Self::NoBackup { .. } => Kind::Usage,
            Self::Damaged { .. } => Kind::CheckFailed,
            Self::NoProject { .. } => Kind::Configuration,
            Self::Launch { kind, .. } => *kind,
            Self::System(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotEmpty { .. } => "backup.not_empty",
            Self::NoBackup { .. } => "backup.no_manifest",
            Self::Damaged { .. } => "backup.damaged",
            Self::InUse { .. } => "restore.home_in_use",
            Self::NoProject { .. } => "restore.no_project",
            Self::Launch { .. } => "restore.launch_failed",
            Self::System(error) => error.code(),
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotEmpty { .. } => "name a directory that does not exist yet".to_owned(),
            Self::NoBackup { .. } => {
                "name a directory that `harness backup` has written; one that was cut off has no manifest".to_owned()
            }
            Self::Damaged { .. } => "use another backup: nothing was restored".to_owned(),
            Self::InUse { .. } => {
                "set `HARNESS_HOME` to another directory, or pass `--force` to replace the contents of \
                                   the agents that are in the backup"
                    .to_owned()
            }
            Self::NoProject { root, .. } => {
                format!("clone the project to `{}` first: a backup does not hold source files", root.display())
            }
            Self::Launch { agent, .. } => {
                format!("see `harness status {agent}`; then run the restore again with `--force`")
            }
            Self::System(error) => return error.hint(),
        })
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Launch { details, .. } => details.clone(),
            _ => Vec::new(),
        }
    }
}
