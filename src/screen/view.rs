//! The screen for a viewer: whole, and what has changed.

use serde::Serialize;

use super::seen::Head;
use super::{Cursor, Modes, Row, Screen, Size};

/// The whole screen.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Snapshot {
    /// For [`Screen::changes`].
    pub revision: u64,
    /// Columns and rows.
    pub size: Size,
    /// All, from the top.
    pub rows: Vec<Row>,
    /// The cursor.
    pub cursor: Cursor,
    /// What the program has switched on.
    pub modes: Modes,
    /// What the program calls itself.
    pub title: Option<String>,
    /// Rows of scrollback that can be asked for.
    pub scrollback: usize,
    /// Rows that have left the screen since it was made.
    pub scrolled: u64,
}

/// What has changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Changes {
    /// For the next [`Screen::changes`].
    pub revision: u64,
    /// Rows that are different, each with its number from the top.
    pub rows: Vec<(u16, Row)>,
    /// The cursor.
    pub cursor: Cursor,
    /// What the program has switched on.
    pub modes: Modes,
    /// What the program calls itself.
    pub title: Option<String>,
    /// Rows of scrollback that can be asked for.
    pub scrollback: usize,
    /// Rows that have left the screen since it was made.
    pub scrolled: u64,
}

impl Screen {
    /// Looks for changes; the revision, which is another one if there are some.
    pub fn revision(&mut self) -> u64 {
        let rows: Vec<Row> = (0..self.size().rows).map(|row| self.row(row.into())).collect();
        let head = Head {
            size: self.size(),
            cursor: self.cursor(),
            modes: self.modes(),
            title: self.title(),
            scrolled: self.scrolled(),
            epoch: self.epoch,
        };
        let seen = &mut self.seen;
        let next = seen.revision + 1;
        if seen.head.as_ref().is_none_or(|before| before.size != head.size || before.epoch != head.epoch) {
            seen.rows = rows.into_iter().map(|row| (row, next)).collect();
            (seen.revision, seen.whole) = (next, next);
        } else {
            for (known, row) in seen.rows.iter_mut().zip(rows) {
                if known.0 != row {
                    *known = (row, next);
                    seen.revision = next;
                }
            }
            if seen.head.as_ref() != Some(&head) {
                seen.revision = next;
            }
        }
        seen.head = Some(head);
        seen.revision
    }

    /// The whole screen.
    pub fn snapshot(&mut self) -> Snapshot {
        Snapshot {
            revision: self.revision(),
            size: self.size(),
            rows: self.seen.rows.iter().map(|(row, _)| row.clone()).collect(),
            cursor: self.cursor(),
            modes: self.modes(),
            title: self.title(),
            scrollback: self.scrollback(),
            scrolled: self.scrolled(),
        }
    }

    /// What has changed since `revision`. None where only the whole helps: the screen has had another size since.
    pub fn changes(&mut self, revision: u64) -> Option<Changes> {
        let now = self.revision();
        if revision < self.seen.whole {
            return None;
        }
        let rows = (0..).zip(&self.seen.rows).filter(|(_, (_, since))| *since > revision);
        Some(Changes {
            revision: now,
            rows: rows.map(|(number, (row, _))| (number, row.clone())).collect(),
            cursor: self.cursor(),
            modes: self.modes(),
            title: self.title(),
            scrollback: self.scrollback(),
            scrolled: self.scrolled(),
        })
    }
}
