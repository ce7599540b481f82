//! The database of `serve`: tasks, events, jobs, the queue.
//!
//! One thread owns the connection; everybody else sends it work and waits for the answer. So there is one writer, no lock
//! error, and no waiting for a disk on the thread that answers requests. A change and the events that tell of it are one
//! transaction, and events reach the stream in the order of their numbers.
//!
//! `WAL` with `synchronous = FULL`: what was answered survives the death of the process and of the machine.

mod error;
mod events;
pub(super) mod jobs;
mod migrations;
mod owner;
pub(super) mod projects;
pub(super) mod queue;
mod reader;
pub(super) mod sources;
mod stream;
pub(super) mod tasks;
pub(super) mod worker_keys;

pub(super) use error::StoreError;
pub(super) use owner::Store;
pub(super) use reader::Reader;
