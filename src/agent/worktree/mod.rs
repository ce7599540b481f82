//! An agent's own git work tree: made or adopted at launch, removed at teardown if nothing is lost.
//!
//! Everything that changes the repository is done by the user's `git`, so that its configuration and hooks
//! hold; only the removal of a tree and of its entry is done here, since git's own waits for each file and
//! prunes the entries of others. A work tree that harness did not make is adopted for use and never
//! removed. A branch that harness made goes with its work tree, so that the next launch starts from the
//! project's present state, never from a stale one.
//!
//! A work tree is chosen, written into the record, made by git, then populated; the record says whether
//! that was completed. If a launch is interrupted before git has ended, the tree is made again; after that, only what
//! is missing is copied, since work in it may have begun.

mod entries;
mod entry;
mod error;
mod git;
mod loss;
mod make;
mod origin;
mod own_path;
mod populate;
mod remove;
pub(super) mod spare;
mod submodules;
mod trash;
mod unique;
mod work;

pub use error::Error;
pub(super) use loss::{Loss, loss};
pub(super) use make::{Wish, choose, default_settings, make, resolved};
pub(super) use origin::{Origin, made_for};
pub(super) use populate::Population;
pub(super) use remove::{
    branch_to_remove, check_unlocked, discard, is_checked_out, is_there, remove_branch, remove_tree, repair, unlock,
};
pub(super) use trash::sweep;
pub(super) use work::Work;
