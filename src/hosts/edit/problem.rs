//! Why a file is not changed.

/// Why, and where.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::hosts) enum Problem {
    /// It is not what it should be.
    Broken { line: usize, why: String },
    /// It has something of its own where ours would go.
    Occupied { line: usize, key: String, wanted: String },
}

/// The line, from 1, that begins with this key in quotes or without; the first line where none does.
pub(super) fn line_of(text: &str, key: &str) -> usize {
    let begins = |line: &str| {
        let line = line.trim_start().trim_start_matches(['"', '[', '{', ' ']);
        line.strip_prefix(key).is_some_and(|rest| rest.trim_start_matches(['"', ' ']).starts_with([':', '=', '.', ']']))
    };
    let exact = text.lines().position(begins);
    exact.or_else(|| text.lines().position(|line| line.contains(key))).map_or(1, |line| line + 1)
}

/// The line, from 1, of a byte.
pub(super) fn line_at(text: &str, offset: usize) -> usize {
    text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count() + 1
}
