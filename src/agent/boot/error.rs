//! Why what comes back after a reboot cannot be changed.

use std::path::PathBuf;

use crate::report::{Diagnostic, Kind};

/// Why.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// A unit of that name is somebody else's.
    #[error("`{}` was not written by harness", .0.display())]
    ForeignUnit(PathBuf),
    /// Nothing says where a user's units are.
    #[error("neither XDG_CONFIG_HOME nor HOME names a directory")]
    NoDirectory,
}

impl Diagnostic for BootError {
    fn kind(&self) -> Kind {
        match self {
            Self::ForeignUnit(_) => Kind::Conflict,
            Self::NoDirectory => Kind::Environment,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::ForeignUnit(_) => "boot.foreign_unit",
            Self::NoDirectory => "boot.no_directory",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::ForeignUnit(_) => "move it away, or write the units to another directory with `--dir`".to_owned(),
            Self::NoDirectory => "set HOME, or name a directory with `--dir`".to_owned(),
        })
    }
}
