//! How much is printed on stderr.

/// How much is printed on stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Errors only.
    Quiet,
    /// Tasks, notes, warnings.
    Normal,
    /// Also each line that commands print.
    Verbose,
}
