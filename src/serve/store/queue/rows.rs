//! What the rules need of a database. Times are milliseconds since 1970.

use super::QueueError;
use crate::report::{Happening, JobOutcome, ProjectSettings, QueueJobKind, QueueJobState, TaskStatus};

/// A job as it is kept.
#[derive(Debug, Clone)]
pub(super) struct JobRow {
    pub(super) id: u64,
    pub(super) ticket: u64,
    pub(super) project: u64,
    pub(super) kind: QueueJobKind,
    pub(super) state: QueueJobState,
    /// Which attempt at the ticket it is.
    pub(super) attempt: u32,
    /// Which attempt it is since a person last asked for one.
    pub(super) tries: u32,
    pub(super) worker: Option<String>,
    pub(super) fence: Option<u64>,
    pub(super) lease_until: Option<i64>,
    pub(super) ready_at: i64,
    pub(super) created_at: i64,
    pub(super) claimed_at: Option<i64>,
    pub(super) finished_at: Option<i64>,
    pub(super) outcome: JobOutcome,
}

/// What the rules need of a ticket.
#[derive(Debug, Clone, Copy)]
pub(super) struct TicketRow {
    pub(super) status: TaskStatus,
    pub(super) project: Option<u64>,
}

/// One transaction of a database that keeps a queue.
pub(super) trait Rows {
    /// A ticket, or a task without a project.
    fn ticket(&self, id: u64) -> Result<TicketRow, QueueError>;
    /// Moves a ticket behind the others of a status.
    fn set_status(&self, id: u64, status: TaskStatus) -> Result<Vec<Happening>, QueueError>;
    /// Adds a note to a ticket.
    fn note(&self, ticket: u64, text: &str) -> Result<Vec<Happening>, QueueError>;
    /// Keeps the URL of a ticket's pull request.
    fn set_pull_request(&self, ticket: u64, url: &str) -> Result<(), QueueError>;
    /// The settings of a project.
    fn settings(&self, project: u64) -> Result<ProjectSettings, QueueError>;
    /// A job.
    fn job(&self, id: u64) -> Result<Option<JobRow>, QueueError>;
    /// The job of a ticket that is not over.
    fn live_job(&self, ticket: u64) -> Result<Option<JobRow>, QueueError>;
    /// How many attempts at a ticket there were.
    fn attempts(&self, ticket: u64) -> Result<u32, QueueError>;
    /// Keeps a new job; its number.
    fn insert(&self, job: &JobRow) -> Result<u64, QueueError>;
    /// Keeps a job that is there, if its state is still the one that it had.
    fn save(&self, job: &JobRow, before: QueueJobState) -> Result<bool, QueueError>;
    /// The job that waits longest and may be claimed now; of these projects, where some are named.
    fn claimable(&self, projects: Option<&[u64]>, now: i64) -> Result<Option<JobRow>, QueueError>;
    /// Jobs whose lease has ended.
    fn expired(&self, now: i64) -> Result<Vec<JobRow>, QueueError>;
    /// Lets every lease end at this time or later.
    fn prolong_all(&self, until: i64) -> Result<(), QueueError>;
    /// A number that is higher than all before.
    fn next_fence(&self) -> Result<u64, QueueError>;
    /// Keeps lines of a job's log.
    fn append(&self, job: u64, lines: &[String]) -> Result<(), QueueError>;
}
