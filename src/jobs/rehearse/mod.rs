//! `harness rehearse`: does the work of several agents go together?
//!
//! The trees are merged in order into a throwaway commit; a stack of its own is launched from it, so that migrations run
//! on a clone of its own, and `verify --full` judges it. Where something breaks, the pair is looked for: first without a
//! stack (text, numbers of migrations), then with one. Nothing is left: no tree, no branch, no stack.

mod input;
mod merge;
mod migrations;
mod run;
mod stack;

pub use run::{Request, rehearse};
