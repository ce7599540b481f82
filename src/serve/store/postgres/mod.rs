//! PostgreSQL: tickets and the queue of several servers.
//!
//! ```text
//! open        all of it
//! database    which it is
//! tls         whether it is encrypted, and what is looked at of the server
//! connection  made with a bound on every wait
//! pool        threads, each with a connection
//! link        one connection: transactions that begin, commit, or leave nothing
//! session     the trait on it
//! migrations  the shape
//! follow      what happened, by whichever server, becomes events of this one
//! ```
//!
//! # Who waits for whom
//!
//! What changes a ticket holds one advisory lock, so that such changes are made one at a time, as with `SQLite`. Claims,
//! heartbeats and logs change single jobs and do not hold it: a claim passes over rows that somebody holds
//! (`FOR UPDATE SKIP LOCKED`). Locks are taken in one order: board, jobs, and last the numbers of happenings.
//!
//! # What happened
//!
//! A change writes its happenings into `outbox` and notifies (`NOTIFY`). Each server listens, writes them into its own events,
//! and notes how far it is in the same transaction: each happening is told once by each server, also by one that was away.
//! Numbers are given under a lock that holds until the commit, so that none appears later than a higher one.

mod connection;
mod database;
mod follow;
mod link;
mod migrations;
mod open;
mod pool;
mod session;
mod tls;

pub(in crate::serve) use database::QueueDatabase;
pub(super) use link::Scope;
pub(super) use open::open;
pub(super) use pool::Pool;
pub(in crate::serve) use tls::connector;
