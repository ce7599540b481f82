//! What may become of a ticket and of a job: two functions without I/O.
//!
//! A *ticket* is what somebody wants, a *job* is one attempt at it. At most one job of a ticket is live. Invariants, which
//! random walks test:
//!
//! - A job that is over changes no more.
//! - A ticket that has just left `in_progress` has no live job, whoever moved it.
//! - A ticket succeeds by one job alone.

mod job;
mod ticket;
#[cfg(test)]
mod walks;

pub use job::{Happened, next};
pub use ticket::{Effect, Wish, step};
