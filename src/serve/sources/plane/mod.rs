//! Plane: work items of a project that have its label are tickets.
//!
//! ```text
//! api        the API
//! item       a work item as Plane describes it, made harmless
//! projects   whose tickets come from Plane
//! poll       asks for the work items, again and again; tells them what became of their tickets
//! mirror     what a work item is told: a state, a comment
//! ```
//!
//! Invariants: those of [`super::github`]. Plane knows no signature that could be checked without a secret for each webhook;
//! so it is asked.

mod api;
mod item;
mod mirror;
mod poll;
mod projects;

pub(in crate::serve) use poll::start;
