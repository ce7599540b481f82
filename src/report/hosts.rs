//! `harness connect`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The files of one program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Connect {
    /// `harness/connect/1`.
    pub schema: String,
    /// The program.
    pub program: String,
    /// Its files.
    pub files: Vec<ConnectedFile>,
}

/// A file of a program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConnectedFile {
    /// Absolute path.
    pub path: String,
    /// What happened to it; with `--print`, what would happen.
    pub outcome: ConnectOutcome,
    /// With `--print`, its whole text.
    pub text: Option<String>,
}

words! {
    /// What happened to a file.
    pub enum ConnectOutcome {
        /// It is new.
        Written = "written",
        /// Something was added to it, or taken out of it.
        Updated = "updated",
        /// It was as it should be.
        Unchanged = "unchanged",
        /// Nothing but harness's own was in it: it is gone.
        Removed = "removed",
    }
}
