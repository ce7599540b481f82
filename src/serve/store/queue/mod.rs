//! The queue in the database.
//!
//! ```text
//! rows     what the rules need of a database: one trait
//! rules    what happens to tickets and jobs, written once over it
//! sqlite   the trait on SQLite
//! read     documents for people and workers
//! write    the rules, each as one transaction
//! ```
//!
//! # Leases
//!
//! A claim happens once to a job: it gives it a fencing number, which grows with each claim of the whole queue, and a
//! lease. Whatever a worker says later must carry the number and come while the lease holds, which it prolongs; else it
//! is answered that the lease is lost and changes nothing. Leases end by the clock of the server, whenever anything is
//! said about the queue and each second; a server that begins prolongs all of them, since nobody could speak to it.
//! A ticket has one live job at most, by an index of the database.

mod error;
mod read;
mod rows;
mod rules;
mod sqlite;
mod write;

pub(in crate::serve) use error::QueueError;
pub(in crate::serve) use read::{Filter, health, job, jobs, lines, ticket, tickets};
pub(in crate::serve) use rules::Word;
pub(in crate::serve) use write::{
    Claimed, approve, cancel, change, claim, create, expire, has_expired, is_claimable, log, prolong_all, retry, say,
};
