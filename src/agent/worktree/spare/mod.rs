//! Spare trees: work trees that are made and prepared before they are wanted. A launch takes one over by a branch and a
//! move, whatever its size.
//!
//! A spare is a work tree of the project's `HEAD`, on no branch, beside the place of the agents' trees. The home has a
//! record of it, written before the tree is made. Who works on a spare holds its lock; `refill` in `launch` makes them.
//!
//! # Hand-out
//!
//! Everything that can be done before the tree is moved is done before: the files of another commit, the paths that
//! the tree holds of itself, the branch, the note of its origin. `git worktree move` is the end: until then the tree is no
//! agent's, and then it is complete. The record says `taken` meanwhile. Whoever is killed, the next command finds the
//! record without its lock: a tree that was not moved is removed, one that was moved is its agent's, and git's entry is
//! mended.
//!
//! # What is not handed out
//!
//! - A tree in which something changed since it was prepared: somebody worked there. It is not removed either.
//! - One whose `copy` and `clone` are not what they are now, or were taken from a directory of the root that has changed
//!   since. A single file that has changed is copied again.
//! - One with submodules: git does not move those.
//!
//! The launch looks at its entries and at the inputs of `[prepare]` as it does in every tree, so that a spare of an older
//! commit gets what has changed since.

mod changes;
mod make;
mod process;
mod record;
mod source;
mod sweep;
mod take;

pub(in crate::agent) use make::{Making, is_current, make, update};
pub(in crate::agent) use process::{COMMAND, LOG, is_needed, start, stop};
pub(in crate::agent) use record::{SpareTree, all, directory, key_of};
pub(in crate::agent) use sweep::{Swept, recover, sweep};
pub(in crate::agent) use take::{Request, take};
