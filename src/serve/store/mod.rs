//! What `serve` keeps: tasks, events, jobs, the queue.
//!
//! ```text
//! sql        what the tables need of a database: one trait
//! sqlite     the trait on SQLite
//! postgres/  the trait on PostgreSQL, for several servers that share tickets and the queue
//! here       the SQLite database of this home
//! owner      which of them has what
//! ```
//!
//! One thread owns the connection of SQLite; everybody else sends it work and waits for the answer. So there is one writer,
//! no lock error, and no waiting for a disk on the thread that answers requests. A change and the events that tell of it are
//! one transaction, and events reach the stream in the order of their numbers.
//!
//! `WAL` with `synchronous = FULL`: what was answered survives the death of the process and of the machine.
//!
//! Where a PostgreSQL database is named, tasks, projects, the queue, issues and keys of workers are in it; events, and the
//! jobs that are verbs, are of one machine and stay in SQLite.

mod error;
mod events;
mod here;
pub(super) mod jobs;
mod migrations;
mod owner;
mod postgres;
pub(super) mod projects;
pub(super) mod queue;
mod reader;
pub(super) mod reviews;
pub(super) mod sources;
pub(super) mod sql;
mod sqlite;
mod stream;
pub(super) mod tasks;
pub(super) mod worker_keys;

pub(super) use error::StoreError;
pub(super) use owner::Store;
pub(super) use postgres::{QueueDatabase, connector};
pub(super) use reader::Reader;
pub(super) use sql::Sql;
