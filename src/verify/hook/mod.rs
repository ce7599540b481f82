//! A pre-commit hook that lets only a verified tree be committed.
//!
//! It asks `harness verify --status --index`, which takes milliseconds; it never runs the stages. What is
//! judged is what git is about to commit, not what lies in the work tree. A tree that is no agent's is let
//! through: the hooks folder is shared by all work trees of a repository, and a person who commits in the
//! project's root is not gated. A foreign hook is never touched.
//!
//! Where `core.hooksPath` is set, whatever to (husky's folder in each tree, a folder of the user's for all
//! repositories), git is pointed to a folder of our own instead, by the configuration of each work tree alone. Each hook
//! in it calls the one that git would call without it; the gate comes after the others, since they may change what is
//! committed. What a tool writes to the repository's configuration or to its own folder later changes nothing about it.

mod folders;
mod install;
mod own;
mod script;

pub use install::{extend, install, remove};
