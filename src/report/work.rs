//! `harness work` and `harness complete`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a worker did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Work {
    /// `harness/work/1`.
    pub schema: String,
    /// What it is called.
    pub worker: String,
    /// Its last jobs, in the order of their ends.
    pub jobs: Vec<WorkedJob>,
}

/// One job of a worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WorkedJob {
    /// Its number.
    pub job: u64,
    /// Its ticket.
    pub ticket: u64,
    /// The name of its project.
    pub project: String,
    /// What became of it here.
    pub outcome: WorkOutcome,
    /// The branch.
    pub branch: Option<String>,
    /// The commit that was pushed.
    pub commit: Option<String>,
    /// URL of the pull request.
    pub pull_request: Option<String>,
    /// Why it did not succeed.
    pub reason: Option<String>,
}

words! {
    /// What became of a job at one worker.
    pub enum WorkOutcome {
        /// It did what was wanted.
        Succeeded = "succeeded",
        /// It did not; `reason` says why.
        Failed = "failed",
        /// There was no room for it: it waits.
        Returned = "returned",
        /// Its lease was lost, or it was called off: nothing was pushed.
        Lost = "lost",
        /// The worker ended first; the next one of its name goes on.
        Left = "left",
    }
}

/// `harness complete`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Completion {
    /// `harness/complete/1`.
    pub schema: String,
    /// What was noted.
    pub summary: String,
}
