//! The queue in the database.
//!
//! ```text
//! rows     jobs in the database, and what the rules need of it besides
//! rules    what happens to tickets and jobs
//! read     documents for people and workers
//! write    the rules, each as one transaction
//! ```
//!
//! # Leases
//!
//! A claim happens once to a job: it gives it a fencing number, which grows with each claim of the whole queue, and a
//! lease. Whatever a worker says later must carry the number, and the key that it was claimed with, and come while the lease holds, which it prolongs; else it
//! is answered that the lease is lost and changes nothing. Leases end by the clock of the database, at which `expiry` looks
//! each second; until it has seen that one has ended, its worker may still prolong it. Where no worker could be heard, since
//! no server or no database ran, or where the clock was put forward or back, all leases begin again.
//! A ticket has one live job at most, by an index of the database.

mod error;
#[cfg(test)]
mod plans;
mod read;
mod rows;
mod rules;
mod write;

pub(in crate::serve) use error::QueueError;
pub(in crate::serve) use read::{Filter, health, job, jobs, lines, ticket, tickets};
pub(in crate::serve) use rules::{Holder, Word};
pub(in crate::serve) use write::{
    Claimed, approve, cancel, change, claim, clock, create, expire, log, prolong_all, retry, review, say,
};
