//! Documents of `harness serve` itself: its health, its jobs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ErrorDocument, ProcessState};

/// `GET /health`: that the server answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServeHealth {
    /// `ok`.
    pub status: String,
    /// Now, RFC 3339.
    pub timestamp: String,
}

/// Whether `harness serve` runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServeStatus {
    /// `harness/serve/1`.
    pub schema: String,
    /// Whether a server of this home answers.
    pub running: bool,
    /// Whether it runs in the background, under a supervisor.
    pub detached: bool,
    /// Where it answers.
    pub url: Option<String>,
    /// Its process.
    pub pid: Option<u32>,
    /// The version of harness that serves.
    pub version: Option<String>,
    /// What its supervisor says of it.
    pub state: Option<ProcessState>,
    /// Times it was started again without being asked.
    pub restarts: u32,
    /// Why it is in this state.
    pub reason: Option<String>,
}

/// A link that lets one browser in, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Link {
    /// `harness/link/1`.
    pub schema: String,
    /// The URL.
    pub url: String,
}

/// Why a request was refused before a verb was called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refused {
    /// That of the document that was asked for, else `harness/serve/1`.
    pub schema: String,
    /// Why.
    pub error: ErrorDocument,
}

/// What a webhook gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NoticeDocument {
    /// `harness/notice/1`.
    pub schema: String,
    /// What it is about.
    pub kind: NoticeKind,
    /// One line that says it.
    pub title: String,
    /// More about it; may be empty.
    pub text: String,
    /// The page that shows it.
    pub url: String,
    /// The agent, where it is about one.
    pub agent: Option<u8>,
    /// The task, where it is about one.
    pub task: Option<u64>,
    /// When it was noticed, RFC 3339.
    pub time: String,
}

words! {
    /// What a notice is about.
    pub enum NoticeKind {
        /// A stack has been broken for a minute, or as long as `broken_after` says.
        StackBroken = "stack_broken",
        /// A run of `verify` passed.
        VerifyPassed = "verify_passed",
        /// A run of `verify` failed.
        VerifyFailed = "verify_failed",
        /// A task is done.
        TaskDone = "task_done",
    }
}

/// Work that takes longer than a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Job {
    /// `harness/job/1`.
    pub schema: String,
    /// Its number.
    pub id: u64,
    /// What is done: `launch`, `verify`, `db restore`.
    pub verb: String,
    /// For which agent.
    pub agent: Option<u8>,
    /// How far it is.
    pub state: JobState,
    /// When it was begun, RFC 3339.
    pub started_at: String,
    /// When it ended.
    pub finished_at: Option<String>,
    /// What it said last.
    pub progress: Option<String>,
    /// The document that `harness <verb> --json` prints; `null` until the end.
    pub result: Option<serde_json::Value>,
}

/// The last jobs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Jobs {
    /// `harness/jobs/1`.
    pub schema: String,
    /// The newest first.
    pub jobs: Vec<Job>,
}

words! {
    /// How far a job is.
    pub enum JobState {
        /// It is at work.
        Running = "running",
        /// It did what was asked.
        Done = "done",
        /// It did not; `result` says why.
        Failed = "failed",
        /// The server ended before it did; the agent is as the next status says.
        Interrupted = "interrupted",
    }
}
