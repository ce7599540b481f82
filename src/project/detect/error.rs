//! Why `init` writes nothing.

use std::path::PathBuf;

use crate::report::{Diagnostic, Kind};

/// Why `init` writes nothing.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// There is a file already.
    #[error("`{}` exists", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// No preset has this name.
    #[error("there is no preset `{name}`")]
    UnknownPreset {
        /// As given.
        name: String,
        /// Every name.
        known: Vec<&'static str>,
    },
    /// The marks around harness's own lines are damaged, or the file is no text.
    #[error("`{}` cannot be added to: it is no text, or only one of the marks of harness is in it", path.display())]
    Marks {
        /// The file.
        path: PathBuf,
    },
    /// A file cannot be read or written.
    #[error(transparent)]
    System(#[from] crate::system::Error),
}

impl Diagnostic for InitError {
    fn kind(&self) -> Kind {
        match self {
            Self::Exists { .. } => Kind::Conflict,
            Self::UnknownPreset { .. } => Kind::Usage,
            Self::Marks { .. } => Kind::Configuration,
            Self::System(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Exists { .. } => "init.exists",
            Self::UnknownPreset { .. } => "init.unknown_preset",
            Self::Marks { .. } => "init.marks",
            Self::System(error) => error.code(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Exists { .. } => Some(
                "run `harness init --print` to see what would be written, or `harness init --force` to replace it"
                    .into(),
            ),
            Self::UnknownPreset { known, .. } => Some(format!("presets are: {}", known.join(", "))),
            Self::Marks { .. } => {
                Some("remove what is left of the lines between `harness:begin` and `harness:end`".into())
            }
            Self::System(error) => error.hint(),
        }
    }
}
