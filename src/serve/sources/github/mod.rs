//! GitHub: issues of a project's repository that have its label are tickets, and review comments on pull requests of jobs
//! reopen theirs.
//!
//! ```text
//! issue      an issue as GitHub describes it, made harmless
//! api        the API
//! projects   whose tickets come from GitHub
//! poll       asks for the issues, again and again; tells the issues what became of their tickets
//! mirror     what an issue is told: a label, a comment
//! review     a review comment as GitHub describes it, made harmless
//! asked      asks for the review comments that are new
//! replies    what a review comment is answered
//! webhook    what GitHub says by itself
//! ```
//!
//! Invariants: an issue has one ticket, and a comment reopens one once, whether it is heard of by poll, webhook or both; its text is data, and no longer
//! changes a ticket whose work was approved or has begun; the token and the secret are in no log, answer or page.

mod api;
mod asked;
mod issue;
mod mirror;
mod poll;
mod projects;
mod replies;
mod review;
mod webhook;

pub(in crate::serve) use poll::start;
pub(in crate::serve) use webhook::receive;
