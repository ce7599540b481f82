//! Tasks that people and agents keep with `harness serve`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BoardTask {
    /// `harness/task/1`.
    pub schema: String,
    /// Its number.
    pub id: u64,
    /// One line.
    pub title: String,
    /// More about it; empty where there is nothing more to say.
    pub text: String,
    /// How far it is.
    pub status: TaskStatus,
    /// The agent that works on it.
    pub assignee: Option<u8>,
    /// The number of the project that it is about; such a task is a ticket.
    pub project: Option<u64>,
    /// Its place among the tasks of its status, from 0.
    pub order: u64,
    /// What was noted about it, oldest first.
    pub notes: Vec<TaskNote>,
    /// When it was made, RFC 3339.
    pub created_at: String,
    /// When it was last changed.
    pub updated_at: String,
}

/// Something that was noted about a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TaskNote {
    /// Its number.
    pub id: u64,
    /// The text.
    pub text: String,
    /// When, RFC 3339.
    pub created_at: String,
}

/// All tasks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BoardTasks {
    /// `harness/tasks/1`.
    pub schema: String,
    /// By status and order.
    pub tasks: Vec<BoardTask>,
}

words! {
    /// How far a task is.
    pub enum TaskStatus {
        /// It was not begun.
        Open = "open",
        /// Somebody must approve it first.
        AwaitingApproval = "awaiting_approval",
        /// It was begun.
        InProgress = "in_progress",
        /// It is done and not yet looked at.
        Review = "review",
        /// It is done.
        Done = "done",
        /// It is no longer wanted.
        Cancelled = "cancelled",
    }
}

impl TaskStatus {
    /// All, in the order in which a task passes them.
    pub const ALL: [Self; 6] =
        [Self::Open, Self::AwaitingApproval, Self::InProgress, Self::Review, Self::Done, Self::Cancelled];
}

words! {
    /// What happened to a task.
    pub enum TaskChange {
        /// It was made.
        Created = "created",
        /// Its text, status, assignee, order or notes changed.
        Changed = "changed",
        /// It was deleted.
        Deleted = "deleted",
    }
}
