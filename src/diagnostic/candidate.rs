//! A place that a tool named, before anybody looked whether it exists.

/// How sure it is that this is what failed, least sure first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// The rule of a task runner: where it stands, not what is wrong.
    Runner,
    /// A warning, a note: it may have been made fatal.
    Warning,
    /// A file without a line.
    File,
    /// Something of the shape `path:line: text`.
    Shape,
    /// A tool's own way of saying `error`.
    Error,
    /// The project's own pattern.
    Project,
}

/// What a matcher found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    /// As it was printed.
    pub(super) path: String,
    /// From 1.
    pub(super) line: u32,
    /// From 1.
    pub(super) column: Option<u32>,
    /// What is wrong there, on one line.
    pub(super) message: String,
    /// How sure it is.
    pub(super) rank: Rank,
    /// The package that the path is relative to, as the tool named it (a Go import path).
    pub(super) package: Option<String>,
    /// The test that failed there, as its runner names it.
    pub(super) test: Option<String>,
}

impl Candidate {
    /// From the texts of a match; `None` when the numbers are not numbers.
    pub(super) fn new(
        path: &str,
        line: &str,
        column: Option<&str>,
        message: impl Into<String>,
        rank: Rank,
    ) -> Option<Self> {
        let line = line.parse().ok().filter(|line| *line > 0)?;
        let column = column.and_then(|column| column.parse().ok()).filter(|column| *column > 0);
        Some(Self { path: path.to_owned(), line, column, message: message.into(), rank, package: None, test: None })
    }

    /// The same, of a test.
    pub(super) fn of_test(self, test: Option<&str>) -> Self {
        Self { test: test.map(str::to_owned), ..self }
    }

    /// A file as a whole.
    pub(super) fn file(path: &str, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line: 1,
            column: None,
            message: message.into(),
            rank: Rank::File,
            package: None,
            test: None,
        }
    }
}

/// Error, unless the word says that it is less.
pub(super) fn rank_of(severity: &str) -> Rank {
    let begins = |mild: &&str| severity.get(..mild.len()).is_some_and(|start| start.eq_ignore_ascii_case(mild));
    if ["warn", "note", "info", "help", "hint"].iter().any(begins) { Rank::Warning } else { Rank::Error }
}
