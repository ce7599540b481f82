//! Why the queue does not do something.

use crate::serve::store::StoreError;
use crate::serve::store::projects::ProjectError;
use crate::serve::store::tasks::TaskError;

/// Why the queue does not do something.
#[derive(Debug)]
pub(in crate::serve) enum QueueError {
    /// There is no such job.
    NoJob(u64),
    /// The lease is another's, or nobody's any more.
    Lost(u64),
    /// The ticket or the job is in a state that does not allow it.
    Conflict(String),
    Task(TaskError),
    Project(ProjectError),
    Store(StoreError),
}

impl From<StoreError> for QueueError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<TaskError> for QueueError {
    fn from(error: TaskError) -> Self {
        Self::Task(error)
    }
}

impl From<ProjectError> for QueueError {
    fn from(error: ProjectError) -> Self {
        Self::Project(error)
    }
}
