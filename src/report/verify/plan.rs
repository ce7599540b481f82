//! `harness verify --list`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The stages of a project: `harness verify --list`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VerifyPlan {
    /// `harness/verify-list/1`.
    pub schema: String,
    /// In the order in which they run.
    pub stages: Vec<PlannedStage>,
}

/// A stage of the plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlannedStage {
    /// Its name.
    pub name: String,
    /// Only with `--full`.
    pub full: bool,
    /// Its time limit.
    pub timeout_ms: u64,
    /// Its commands; they run together.
    pub commands: Vec<PlannedCommand>,
}

/// A command of the plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlannedCommand {
    /// Its name.
    pub name: String,
    /// What it does, as the project writes it: a command line, or `GET` with port and path.
    pub does: String,
}
