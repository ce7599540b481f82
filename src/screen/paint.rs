//! A screen on a user's terminal.

use std::fmt::Write;

use super::{Cursor, Modes, Row, Screen, Size};

/// Rows that left the screen between two frames and are still printed into the terminal's scrollback.
const MOST_SCROLLED: u64 = 1000;

/// Draws a screen on a terminal: first whole, then what has changed. A terminal smaller than the screen shows the part
/// around the cursor.
#[derive(Debug)]
pub struct Painter {
    /// Of the user's terminal.
    size: Size,
    drawn: Option<Drawn>,
    modes: Modes,
    title: Option<String>,
    bells: u64,
}

/// What the terminal shows.
#[derive(Debug)]
struct Drawn {
    rows: Vec<Row>,
    cursor: Option<Cursor>,
    /// The part of the screen that it shows begins here.
    corner: (u16, u16),
    of: Size,
    scrolled: u64,
    epoch: u64,
}

impl Painter {
    /// For a terminal of this size.
    pub fn new(size: Size) -> Self {
        Self { size, drawn: None, modes: Modes::default(), title: None, bells: 0 }
    }

    /// The terminal has another size: the next frame draws everything.
    pub fn resize(&mut self, size: Size) {
        self.size = size;
        self.drawn = None;
    }

    /// What to write first: what stands on the terminal goes into its scrollback, and then the last `tail` rows of
    /// the screen's.
    pub fn begin(&mut self, screen: &Screen, tail: usize) -> String {
        let mut text = "\r\n".repeat(self.size.rows.into());
        let rows = if screen.modes().alternate { Vec::new() } else { screen.scrollback_rows(0, tail) };
        if !rows.is_empty() {
            text.push_str("\x1b[H");
            for row in &rows {
                let _ = write!(text, "{}\r\n", self.line(row, 0));
            }
            text.push_str(&"\r\n".repeat(self.size.rows.saturating_sub(1).into()));
        }
        self.bells = screen.bells();
        text
    }

    /// What to write so that the terminal shows the screen; empty if it does.
    pub fn frame(&mut self, screen: &Screen) -> String {
        let mut text = String::new();
        let modes = screen.modes();
        if modes.alternate != self.modes.alternate {
            text.push_str(if modes.alternate { "\x1b[?1049h" } else { "\x1b[?1049l" });
            self.drawn = None;
        }
        text.push_str(&modes.sequences(self.modes));
        self.modes = modes;
        let cursor = screen.cursor();
        let corner = self.corner(screen.size(), cursor);
        let rows = self.rows(screen, corner);
        let same = self.drawn.take().filter(|drawn| drawn.corner == corner && drawn.of == screen.size());
        let scrolled = same.as_ref().map_or(0, |drawn| {
            let fits = corner == (0, 0) && self.size.rows == screen.size().rows && drawn.epoch == screen.epoch;
            if fits && !modes.alternate { screen.scrolled() - drawn.scrolled } else { 0 }
        });
        match &same {
            None => {
                text.push_str("\x1b[0m\x1b[H\x1b[2J");
                self.draw(&mut text, &rows, &[], corner.0);
            }
            Some(_) if scrolled > 0 => {
                text.push_str("\x1b[H");
                let gone = usize::try_from(scrolled.min(MOST_SCROLLED)).unwrap_or(0);
                let left = screen.scrollback_rows(0, gone);
                let lines: Vec<String> = left.iter().chain(&rows).map(|row| self.line(row, corner.0)).collect();
                text.push_str(&lines.join("\r\n"));
            }
            Some(drawn) => self.draw(&mut text, &rows, &drawn.rows, corner.0),
        }
        let title = screen.title();
        if title != self.title {
            let _ = write!(text, "\x1b]2;{}\x07", title.as_deref().unwrap_or_default());
            self.title = title;
        }
        if screen.bells() != self.bells {
            self.bells = screen.bells();
            text.push('\x07');
        }
        let unmoved = same.as_ref().is_some_and(|drawn| drawn.cursor == Some(cursor));
        self.drawn = Some(Drawn {
            rows,
            cursor: Some(cursor),
            corner,
            of: screen.size(),
            scrolled: screen.scrolled(),
            epoch: screen.epoch,
        });
        if text.is_empty() && unmoved {
            return text;
        }
        let (column, row) = (cursor.column - corner.0.min(cursor.column), cursor.row - corner.1.min(cursor.row));
        let sight = if cursor.visible { "\x1b[?25h" } else { "" };
        // one update: a terminal that knows of these shows no half of it
        format!(
            "\x1b[?2026h\x1b[?25l{text}\x1b[0m{}\x1b[{};{}H{sight}\x1b[?2026l",
            cursor.shape_sequence(),
            row + 1,
            column + 1
        )
    }

    /// What to write last: the terminal is as before, the cursor below what was shown.
    pub fn end(&mut self) -> String {
        let mut text = Modes::default().sequences(self.modes);
        if self.modes.alternate {
            text.push_str("\x1b[?1049l");
        }
        self.modes = Modes::default();
        if self.title.take().is_some() {
            text.push_str("\x1b]2;\x07");
        }
        let _ = write!(text, "\x1b[0m\x1b[0 q\x1b[?25h\x1b[?7h\x1b[{};1H\r\n", self.size.rows);
        text
    }

    /// The column and row of the screen in the terminal's upper left corner.
    fn corner(&self, screen: Size, cursor: Cursor) -> (u16, u16) {
        let first = |room: u16, all: u16, at: u16, before: u16| {
            if all <= room {
                0
            } else if at < before || at >= before + room {
                // half of the room before it
                at.saturating_sub(room / 2).min(all - room)
            } else {
                before.min(all - room)
            }
        };
        let before = self.drawn.as_ref().map_or((0, 0), |drawn| drawn.corner);
        (
            first(self.size.columns, screen.columns, cursor.column, before.0),
            first(self.size.rows, screen.rows, cursor.row, before.1),
        )
    }

    fn rows(&self, screen: &Screen, corner: (u16, u16)) -> Vec<Row> {
        let last = (corner.1 + self.size.rows).min(screen.size().rows);
        (corner.1..last).map(|row| screen.row(row.into())).collect()
    }

    /// Rows that are not as before.
    fn draw(&self, text: &mut String, rows: &[Row], before: &[Row], left: u16) {
        for (number, row) in rows.iter().enumerate() {
            let as_before = match before.get(number) {
                Some(known) => known == row,
                None => row.runs.is_empty(),
            };
            if !as_before {
                let _ = write!(text, "\x1b[{};1H{}", number + 1, self.line(row, left));
            }
        }
    }

    /// One row where the cursor is in the first column. What was there is cleared first: after a row that fills the
    /// terminal it would clear the last letter.
    fn line(&self, row: &Row, left: u16) -> String {
        format!("\x1b[0m\x1b[2K{}\x1b[0m", row.sequences(left, self.size.columns))
    }
}
