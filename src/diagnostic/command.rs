//! The command whose output is read.

use regex::Regex;

/// What is known of the command whose output is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Command<'a> {
    /// Its command line.
    pub(super) line: &'a str,
    /// Where it ran, from the tree's root; empty for the root.
    pub(super) working_dir: &'a str,
    /// The project's own pattern, with groups `file`, `line` and `message`.
    pub(super) error_pattern: Option<&'a Regex>,
}
