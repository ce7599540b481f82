//! `harness man` and `harness completions`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Man pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ManPages {
    /// `harness/man/1`.
    pub schema: String,
    /// The files that were written.
    pub files: Vec<String>,
    /// The page itself, where no directory was named.
    pub page: Option<String>,
}

/// A completion script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CompletionScript {
    /// `harness/completions/1`.
    pub schema: String,
    /// The shell: `bash`, `zsh`, `fish`.
    pub shell: String,
    /// The script.
    pub script: String,
}
