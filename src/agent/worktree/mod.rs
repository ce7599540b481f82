//! An agent's own git work tree: made or adopted at launch, removed at teardown if nothing is lost.
//!
//! Everything is done by the user's `git`, so that its configuration and hooks hold. A work tree that
//! harness did not make is adopted for use and never removed. A branch that harness made goes with its
//! work tree, so that the next launch starts from the project's present state, never from a stale one.

mod git;
mod make;
mod populate;
mod remove;

pub use git::Error;
pub(super) use make::{Wish, default_settings, enter};
pub(super) use remove::{loss, remove};
