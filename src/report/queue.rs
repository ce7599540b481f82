//! The queue: jobs, what workers are given and say, keys of workers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{QueueProject, Ticket};

/// One attempt at a ticket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QueueJob {
    /// `harness/queue-job/1`.
    pub schema: String,
    /// Its number.
    pub id: u64,
    /// The ticket.
    pub ticket: u64,
    /// The number of its project.
    pub project: u64,
    /// What is to be done.
    pub kind: QueueJobKind,
    /// How far it is.
    pub state: QueueJobState,
    /// Which attempt at the ticket it is, from 1.
    pub attempt: u32,
    /// The worker that claimed it.
    pub worker: Option<String>,
    /// Until when the worker must say something, RFC 3339; `null` unless it is at work.
    pub lease_until: Option<String>,
    /// Not claimed earlier, RFC 3339.
    pub ready_at: String,
    /// When it was made.
    pub created_at: String,
    /// When it was claimed.
    pub claimed_at: Option<String>,
    /// When it ended.
    pub finished_at: Option<String>,
    /// Where it works and what it came to.
    #[serde(flatten)]
    pub outcome: JobOutcome,
}

/// Where a job works and what it came to; the worker says it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct JobOutcome {
    /// The agent on the worker's machine.
    pub agent: Option<u8>,
    /// The session that its program runs in.
    pub session: Option<String>,
    /// The round of work and verify that it is in, from 1.
    pub round: Option<u32>,
    /// The branch.
    pub branch: Option<String>,
    /// The commit that was pushed.
    pub commit: Option<String>,
    /// URL of the pull request.
    pub pull_request: Option<String>,
    /// What the program says it did.
    pub summary: Option<String>,
    /// What its program says that it has cost, in US dollars.
    pub cost_usd: Option<f64>,
    /// Why it failed, was lost or cancelled.
    pub reason: Option<String>,
    /// The last document of `harness verify`.
    pub verify: Option<serde_json::Value>,
}

/// Several jobs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QueueJobs {
    /// `harness/queue-jobs/1`.
    pub schema: String,
    /// The newest first.
    pub jobs: Vec<QueueJob>,
}

words! {
    /// What a job is to do.
    pub enum QueueJobKind {
        /// What the ticket says.
        Ticket = "ticket",
        /// What a review of its pull request says.
        Review = "review",
    }
}

words! {
    /// How far a job of the queue is.
    pub enum QueueJobState {
        /// It waits for a worker.
        Pending = "pending",
        /// A worker has it and prepares the work.
        Claimed = "claimed",
        /// The program is at work.
        Running = "running",
        /// Its work is being verified.
        Verifying = "verifying",
        /// It did what was wanted.
        Succeeded = "succeeded",
        /// It did not; `reason` says why.
        Failed = "failed",
        /// Its worker was not heard of in time.
        Lost = "lost",
        /// Somebody called it off.
        Cancelled = "cancelled",
    }
}

impl QueueJobState {
    /// All.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::Claimed,
        Self::Running,
        Self::Verifying,
        Self::Succeeded,
        Self::Failed,
        Self::Lost,
        Self::Cancelled,
    ];

    /// Whether a worker has it.
    pub fn is_leased(self) -> bool {
        matches!(self, Self::Claimed | Self::Running | Self::Verifying)
    }

    /// Whether it will change no more.
    pub fn is_over(self) -> bool {
        self != Self::Pending && !self.is_leased()
    }
}

/// What a worker gets with a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WorkerJob {
    /// `harness/worker-job/1`.
    pub schema: String,
    /// The job.
    pub job: QueueJob,
    /// Its fencing number, which every later word about it must carry.
    pub fence: u64,
    /// How long it is the worker's after each word, in seconds.
    pub lease_s: u64,
    /// The ticket.
    pub ticket: Ticket,
    /// The project.
    pub project: QueueProject,
}

/// What a worker learns when it has said something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct JobLease {
    /// `harness/job-lease/1`.
    pub schema: String,
    /// The job.
    pub job: u64,
    /// Until when it is the worker's, RFC 3339.
    pub lease_until: String,
}

/// Lines of a job's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct JobLog {
    /// `harness/job-log/1`.
    pub schema: String,
    /// The job.
    pub job: u64,
    /// The last lines, oldest first.
    pub lines: Vec<JobLine>,
}

/// One line of a job's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct JobLine {
    /// Its number, which grows.
    pub number: u64,
    /// When it was received, RFC 3339.
    pub time: String,
    /// The text.
    pub text: String,
}

/// `GET /api/queue/health`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QueueHealth {
    /// `healthy`.
    pub status: String,
    /// Whether terminals work; the name is that of an earlier service.
    pub tmux_service: bool,
    /// Jobs that wait for a worker.
    pub pending_count: u64,
    /// Jobs that a worker has.
    pub active_count: u64,
    /// Jobs that succeeded.
    pub completed_count: u64,
    /// How long the jobs that were claimed last had waited, in milliseconds: 95 of 100 at most so long.
    pub latency_p95_ms: Option<u64>,
}

/// A key of workers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WorkerKey {
    /// `harness/serve-key/1`.
    pub schema: String,
    /// The worker's name.
    pub worker: String,
    /// When it was made, RFC 3339.
    pub created_at: String,
    /// The key; only the answer that makes it has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// The keys of workers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WorkerKeys {
    /// `harness/serve-keys/1`.
    pub schema: String,
    /// By name.
    pub keys: Vec<WorkerKey>,
}
