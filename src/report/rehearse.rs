//! `harness rehearse`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::verify::Outcome;

/// Whether the work of several agents goes together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rehearsal {
    /// `harness/rehearse/1`.
    pub schema: String,
    /// `pass` if all merge, start and pass `verify --full` together.
    pub status: Outcome,
    /// The commit that they were merged into.
    pub base: String,
    /// What was merged, in order.
    pub inputs: Vec<RehearsedInput>,
    /// What breaks.
    pub problems: Vec<RehearsalProblem>,
    /// The document of `verify --full` for all of them together; null where it was not run.
    pub verify: Option<serde_json::Value>,
}

/// An agent's tree, or a branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RehearsedInput {
    /// As it was named.
    pub name: String,
    /// The agent.
    pub agent: Option<u8>,
    /// Its commit; of an agent with what is not committed yet.
    pub commit: String,
    /// Whether it passes alone; null where that was not asked.
    pub alone: Option<Outcome>,
}

/// Something that breaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RehearsalProblem {
    /// What breaks.
    pub kind: RehearsalTrouble,
    /// Between which inputs; one, where it breaks alone.
    pub between: Vec<String>,
    /// The files that it is about.
    pub paths: Vec<String>,
    /// What is seen of it.
    pub detail: String,
}

words! {
    /// What breaks when work is merged.
    pub enum RehearsalTrouble {
        /// Both change the same lines.
        Conflict = "conflict",
        /// Two migrations have one number.
        MigrationNumber = "migration_number",
        /// The stack does not start, or `verify --full` does not pass, with both together.
        Verify = "verify",
        /// The same with one alone.
        Alone = "alone",
    }
}

/// One verdict of a rehearsal, inside harness.
#[derive(Debug, Clone)]
pub struct Rehearsed {
    /// Whether it passes.
    pub passed: bool,
    /// Why not.
    pub problem: Option<String>,
    /// The document of `verify`.
    pub verify: Option<serde_json::Value>,
}
