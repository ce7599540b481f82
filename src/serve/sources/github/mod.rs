//! Issues of GitHub as tickets: those of a project's repository that have its label.
//!
//! ```text
//! issue      an issue as GitHub describes it, made harmless
//! call       one request to the API
//! projects   whose tickets come from GitHub
//! poll       asks for the issues, again and again; tells the issues what became of their tickets
//! mirror     what an issue is told: a label, a comment
//! webhook    what GitHub says by itself
//! ```
//!
//! Invariants: an issue has one ticket, whether it is heard of by poll, webhook or both; its text is data, and no longer
//! changes a ticket whose work was approved or has begun; the token and the secret are in no log, answer or page.

mod call;
mod issue;
mod mirror;
mod poll;
mod projects;
mod webhook;

pub(in crate::serve) use poll::start;
pub(in crate::serve) use webhook::receive;
