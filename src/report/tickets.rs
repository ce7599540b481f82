//! Tickets: tasks that name a project, so that moving one to `in_progress` puts a job into the queue.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{QueueJob, TaskNote, TaskStatus};

/// A ticket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Ticket {
    /// `harness/ticket/1`.
    pub schema: String,
    /// Its number, which is also that of the task.
    pub id: u64,
    /// One line.
    pub title: String,
    /// What is wanted.
    pub text: String,
    /// How far it is.
    pub state: TicketState,
    /// The project that it is about; without one no job is made for it.
    pub project: Option<ProjectName>,
    /// What was noted about it, oldest first.
    pub notes: Vec<TaskNote>,
    /// The last job that was made for it.
    pub job: Option<QueueJob>,
    /// The pull request that the last successful job opened.
    pub pull_request: Option<String>,
    /// The page of the issue that it comes from.
    #[serde(default)]
    pub issue: Option<String>,
    /// When it was made, RFC 3339.
    pub created_at: String,
    /// When it was last changed.
    pub updated_at: String,
}

/// A project by number and name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProjectName {
    /// Its number.
    pub id: u64,
    /// Its name.
    pub name: String,
}

/// Several tickets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Tickets {
    /// `harness/tickets/1`.
    pub schema: String,
    /// By state and order.
    pub tickets: Vec<Ticket>,
}

words! {
    /// How far a ticket is. The same as the status of a task, whose older words are `open` and `review`.
    pub enum TicketState {
        /// It was not begun.
        Backlog = "backlog",
        /// Somebody must approve it first.
        AwaitingApproval = "awaiting_approval",
        /// A job is wanted, waits or is at work.
        InProgress = "in_progress",
        /// The work is done and not yet looked at.
        InReview = "in_review",
        /// It is done.
        Done = "done",
        /// It is no longer wanted.
        Cancelled = "cancelled",
    }
}

impl From<TaskStatus> for TicketState {
    fn from(status: TaskStatus) -> Self {
        match status {
            TaskStatus::Open => Self::Backlog,
            TaskStatus::AwaitingApproval => Self::AwaitingApproval,
            TaskStatus::InProgress => Self::InProgress,
            TaskStatus::Review => Self::InReview,
            TaskStatus::Done => Self::Done,
            TaskStatus::Cancelled => Self::Cancelled,
        }
    }
}

impl From<TicketState> for TaskStatus {
    fn from(state: TicketState) -> Self {
        match state {
            TicketState::Backlog => Self::Open,
            TicketState::AwaitingApproval => Self::AwaitingApproval,
            TicketState::InProgress => Self::InProgress,
            TicketState::InReview => Self::Review,
            TicketState::Done => Self::Done,
            TicketState::Cancelled => Self::Cancelled,
        }
    }
}
