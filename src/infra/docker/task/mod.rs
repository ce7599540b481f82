//! Containers that do one thing and end, such as a job: made with files and a first line of input, followed, removed.
//!
//! They belong to whoever asks for them, by labels of his. Nothing here restarts or keeps one.

mod engine;
mod files;
mod spec;

pub use engine::{TaskContainer, TaskEngine, TaskState};
pub use spec::{TaskMount, TaskSpec};
