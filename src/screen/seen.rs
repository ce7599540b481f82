//! What was last looked at of a screen: each row with the revision that brought it.

use super::{Cursor, Modes, Row, Size};

/// What was last looked at.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) revision: u64,
    /// Each with the revision that brought it.
    pub(super) rows: Vec<(Row, u64)>,
    pub(super) head: Option<Head>,
    /// The revision since which the screen has had its size.
    pub(super) whole: u64,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Head {
    pub(super) size: Size,
    pub(super) cursor: Cursor,
    pub(super) modes: Modes,
    pub(super) title: Option<String>,
    pub(super) scrolled: u64,
    pub(super) epoch: u64,
}
