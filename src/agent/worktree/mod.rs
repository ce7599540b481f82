//! An agent's own git work tree: made or adopted at launch, removed at teardown if nothing is lost.
//!
//! Everything is done by the user's `git`, so that its configuration and hooks hold. A work tree that
//! harness did not make is adopted for use and never removed. A branch that harness made goes with its
//! work tree, so that the next launch starts from the project's present state, never from a stale one.
//!
//! A work tree is chosen, written down, made by git, then populated; the record says whether that came to
//! its end. Cut off before git had ended, it is made anew; after, only what is missing is copied, since
//! somebody may have begun to work in it.

mod entries;
mod git;
mod make;
mod own_path;
mod populate;
mod remove;
mod work;

pub use git::Error;
pub(super) use make::{Wish, choose, default_settings, make, resolved};
pub(super) use populate::Population;
pub(super) use remove::{discard, is_checked_out, loss, remove, unlock};
