//! One row of a screen.

use alacritty_terminal::grid::Row as GridRow;
use alacritty_terminal::index::Column;
use alacritty_terminal::term::cell::{Cell, Flags};
use serde::Serialize;

use super::Style;

/// A row, without the blanks at its end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Row {
    /// From left to right, without gaps.
    pub runs: Vec<Run>,
}

/// Neighbouring cells that look alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Run {
    /// What they hold.
    #[serde(rename = "t")]
    pub text: String,
    /// How many columns they take.
    #[serde(rename = "n")]
    pub columns: u16,
    /// How they look.
    #[serde(rename = "s", skip_serializing_if = "is_plain")]
    pub style: Style,
}

fn is_plain(style: &Style) -> bool {
    *style == Style::default()
}

impl Row {
    /// Cells of the first `columns` columns. Text that is not ASCII makes runs of its own: fonts do not give it the width that
    /// the terminal does, so whoever draws must.
    pub(super) fn of(cells: &GridRow<Cell>, columns: usize) -> Self {
        let mut runs: Vec<Run> = Vec::new();
        let mut last: Option<(&Cell, bool)> = None;
        for column in 0..columns.min(cells.len()) {
            let cell = &cells[Column(column)];
            if cell.flags.contains(Flags::WIDE_CHAR_SPACER) {
                if let Some(run) = runs.last_mut() {
                    run.columns += 1;
                }
                continue;
            }
            let letter = if cell.c.is_control() { ' ' } else { cell.c };
            let is_ascii = letter.is_ascii();
            let continues = last.is_some_and(|(before, was_ascii)| was_ascii == is_ascii && looks_alike(before, cell));
            if !continues {
                runs.push(Run { text: String::new(), columns: 0, style: Style::of(cell) });
            }
            if let Some(run) = runs.last_mut() {
                run.text.push(letter);
                run.text.extend(cell.zerowidth().into_iter().flatten());
                run.columns += 1;
            }
            last = Some((cell, is_ascii));
        }
        let mut row = Self { runs };
        row.trim();
        row
    }

    fn trim(&mut self) {
        while let Some(run) = self.runs.last_mut().filter(|run| run.style.is_blank()) {
            let kept = run.text.trim_end_matches(' ').len();
            let cut = run.text.len() - kept;
            run.text.truncate(kept);
            run.columns -= u16::try_from(cut).unwrap_or(run.columns);
            if kept > 0 {
                return;
            }
            self.runs.pop();
        }
    }

    /// The text alone.
    pub fn text(&self) -> String {
        self.runs.iter().map(|run| run.text.as_str()).collect()
    }

    /// How many columns it takes.
    pub fn columns(&self) -> u16 {
        self.runs.iter().map(|run| run.columns).sum()
    }

    /// With escape sequences, for a terminal: columns from `left` on, at most `most`.
    pub(super) fn sequences(&self, left: u16, most: u16) -> String {
        let (mut text, mut at, end) = (String::new(), 0, left.saturating_add(most));
        for run in &self.runs {
            let (from, to) = (at, at + run.columns);
            at = to;
            if to <= left || from >= end {
                continue;
            }
            text.push_str(&run.style.sequence());
            if from >= left && to <= end {
                text.push_str(&run.text);
            } else {
                // where a run is cut, a wide letter counts as the width that the run has on average
                let letters = u16::try_from(run.text.chars().count().max(1)).unwrap_or(u16::MAX);
                let width = (run.columns / letters).max(1);
                let (skip, room) = (left.saturating_sub(from) / width, end - from.max(left));
                text.extend(run.text.chars().skip(skip.into()).take((room / width).into()));
            }
        }
        text
    }
}

fn looks_alike(one: &Cell, other: &Cell) -> bool {
    let shown = |cell: &Cell| cell.flags - Flags::WRAPLINE - Flags::WIDE_CHAR - Flags::LEADING_WIDE_CHAR_SPACER;
    one.fg == other.fg && one.bg == other.bg && shown(one) == shown(other) && one.hyperlink() == other.hyperlink()
}
