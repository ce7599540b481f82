//! The size of a terminal.

use alacritty_terminal::grid::Dimensions;
use serde::{Deserialize, Serialize};

/// Columns and rows of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// 2 to 500.
    pub columns: u16,
    /// 1 to 300.
    pub rows: u16,
}

impl Default for Size {
    fn default() -> Self {
        Self { columns: 80, rows: 24 }
    }
}

impl Size {
    /// The nearest size that is possible: a screen costs memory in everything that keeps one.
    pub fn of(columns: u16, rows: u16) -> Self {
        Self { columns: columns.clamp(2, 500), rows: rows.clamp(1, 300) }
    }
}

impl Dimensions for Size {
    fn total_lines(&self) -> usize {
        self.rows.into()
    }

    fn screen_lines(&self) -> usize {
        self.rows.into()
    }

    fn columns(&self) -> usize {
        self.columns.into()
    }
}
