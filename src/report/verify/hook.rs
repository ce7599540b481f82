//! `harness hook install` and `harness hook remove`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What `harness hook install` and `harness hook remove` did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hook {
    /// `harness/hook/1`.
    pub schema: String,
    /// Absolute path of the hook.
    pub path: String,
    /// What happened to it.
    pub outcome: HookOutcome,
}

words! {
    /// What happened to a hook.
    pub enum HookOutcome {
        /// It was made.
        Installed = "installed",
        /// An older one of harness's own was replaced.
        Updated = "updated",
        /// It was as it should be.
        Unchanged = "unchanged",
        /// It is gone.
        Removed = "removed",
    }
}
