//! The first thing that is wrong, found in what a failed command printed.
//!
//! Output is read line by line, once, with bounded memory. Each tool's way of naming a place is a
//! [`matchers`] entry: a small state machine that emits `Candidate`s. [`scan`] resolves each
//! candidate's path against the work tree and keeps the best: a place in the tree beats one in
//! `node_modules` or outside, the project's own pattern beats a tool's, an error beats a warning, and
//! among equals the first wins. Where nothing matches, the last lines that are not a package
//! manager's banner stand in.
//!
//! It does not run anything and does not guess: a path that no file in the tree has is never shown in
//! preference to one that a file has.

#[macro_use]
mod pattern;

mod candidate;
mod command;
mod failing;
mod go_json;
mod lines;
mod log;
mod matchers;
mod missing;
mod package;
mod path_text;
mod prefix;
mod scan;
mod step;
mod tail;
mod tree;
mod weighing;

pub use failing::Failing;
pub use log::{Logged, diagnose, diagnose_all};
pub use scan::Diagnosis;
pub use step::run_step;

#[cfg(test)]
mod fixtures;
