//! The one error of this layer: what was attempted, on which path, and why it failed.

use std::path::{Path, PathBuf};

/// Result of this layer.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error with its causes, on one line.
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// For a command that frees space: a write that fails because the disk is full is no failure.
///
/// # Errors
/// Every other failure of `result`.
pub fn unless_full(result: Result<()>) -> Result<()> {
    match result {
        Err(error) if error.is_full() => Ok(()),
        other => other,
    }
}

/// An operating-system operation failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file operation failed.
    #[error("cannot {action} `{}`", path.display())]
    File {
        /// What was attempted, as a verb: `read`, `write`, `lock`.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A durable document is not what it should be.
    #[error("`{}` is not a valid {what}", path.display())]
    Damaged {
        /// What the document should have been.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// A durable document was written by a newer harness.
    #[error("`{}` has version {found}; this version of harness reads up to {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version in the file.
        found: u32,
        /// The newest version that this binary reads.
        known: u32,
    },
    /// A directory that another user must pass is closed to it.
    #[error("user `{user}` cannot enter `{}`", path.display())]
    NotTraversable {
        /// The user of the native servers.
        user: String,
        /// The first directory that is closed.
        path: PathBuf,
    },
    /// There is no user to run the native servers as.
    #[error("none of the users `harness`, `postgres`, `nobody` exists, and PostgreSQL refuses to run as root")]
    NoServiceUser,
    /// Neither `HARNESS_HOME` nor `HOME` says where state should live.
    #[error("no directory for state: neither `HARNESS_HOME` nor `HOME` is set")]
    NoHome,
    /// `HARNESS_HOME` is not absolute.
    #[error("`HARNESS_HOME` is `{}`, which means another folder in every folder", path.display())]
    RelativeHome {
        /// What it is.
        path: PathBuf,
    },
    /// The command runs in a sandbox that hides all of the home but agents.
    #[error("only directories of agents can be seen of the home `{}`, and this command needs all of it", home.display())]
    PartialHome {
        /// The home.
        home: PathBuf,
    },
    /// Another operation on the operating system failed.
    #[error("cannot {action}")]
    Call {
        /// What was attempted.
        action: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    /// Whether what was needed is not there.
    pub fn is_not_found(&self) -> bool {
        let (Self::File { source, .. } | Self::Call { source, .. }) = self else { return false };
        source.kind() == std::io::ErrorKind::NotFound
    }

    /// Whether the disk, or the user's share of it, is full.
    pub fn is_full(&self) -> bool {
        use std::io::ErrorKind;
        let (Self::File { source, .. } | Self::Call { source, .. }) = self else { return false };
        matches!(source.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
    }

    /// Wraps an I/O error with the path it happened on.
    pub fn file(action: &'static str, path: impl AsRef<Path>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.as_ref().to_owned();
        move |source| Self::File { action, path, source }
    }

    /// Wraps an I/O error that belongs to no path.
    pub fn call(action: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let action = action.into();
        move |source| Self::Call { action, source }
    }
}
