//! `harness verify --against`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::ErrorDocument;

/// What failed, compared with a commit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Against {
    /// How the commit was named: `HEAD~3`, `merge base with origin/main`.
    pub reference: String,
    /// Its object name.
    pub commit: String,
    /// That of its tree.
    pub tree: String,
    /// Whether everything was known of that tree from an earlier run.
    pub cached: bool,
    /// Every failure that is recognised in what the commands printed, and its class.
    pub failures: Vec<ClassedFailure>,
    /// Why the failures could not be classed.
    pub error: Option<ErrorDocument>,
}

/// A failure, and whether it is new.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ClassedFailure {
    /// The stage.
    pub stage: String,
    /// The command.
    pub command: String,
    /// As `first_error`: `path:line: message`.
    pub first_error: String,
    /// The test, as its runner names it; null where that is not known.
    #[serde(default)]
    pub test: Option<String>,
    /// Its class; null where the command could not be run on the commit.
    pub class: Option<FailureClass>,
}

words! {
    /// Whose failure it is.
    pub enum FailureClass {
        /// The commit does not have it.
        New = "new",
        /// The commit has it too.
        PreExisting = "pre-existing",
        /// Another run of the same tree does not have it.
        Flaky = "flaky",
    }
}
