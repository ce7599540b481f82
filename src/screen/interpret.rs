//! A terminal without a window.

use alacritty_terminal::grid::Dimensions;
use alacritty_terminal::index::Line;
use alacritty_terminal::term::{Config, Term, TermMode};
use alacritty_terminal::vte::ansi::{Processor, Timeout};

use super::listener::Listener;
use super::mark::{Mark, Marks, Part};
use super::seen::Seen;
use super::{Cursor, Modes, Row, Size};

/// Synchronised updates are shown as they come: whoever draws takes several reads for one frame anyway, and what a program
/// asks within one is answered at once.
#[derive(Debug, Default)]
pub(super) struct Unsynchronised;

impl Timeout for Unsynchronised {
    fn set_timeout(&mut self, _: std::time::Duration) {}

    fn clear_timeout(&mut self) {}

    fn pending_timeout(&self) -> bool {
        false
    }
}

/// What a program on a terminal shows.
pub struct Screen {
    pub(super) term: Term<Listener>,
    parser: Processor<Unsynchronised>,
    marks: Marks,
    pub(super) listener: Listener,
    size: Size,
    /// Rows of scrollback that are kept.
    history: usize,
    /// Rows that have ever left the screen at its top.
    scrolled: u64,
    /// Grows when what was said of rows that left does not hold any more: another size, another program.
    pub(super) epoch: u64,
    pub(super) seen: Seen,
}

impl std::fmt::Debug for Screen {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Screen").field("size", &self.size).finish_non_exhaustive()
    }
}

fn terminal(size: Size, history: usize, listener: &Listener) -> Term<Listener> {
    listener.heard().size = size;
    // twice as much, so that what is added between two cuts is counted
    let config = Config { scrolling_history: 2 * history, ..Config::default() };
    Term::new(config, &size, listener.clone())
}

impl Screen {
    /// An empty one, with room for `history` rows of scrollback.
    pub fn new(size: Size, history: usize) -> Self {
        let listener = Listener::default();
        Self {
            term: terminal(size, history, &listener),
            parser: Processor::new(),
            marks: Marks::default(),
            listener,
            size,
            history,
            scrolled: 0,
            epoch: 0,
            seen: Seen::default(),
        }
    }

    /// Takes output of the program, and marks among it.
    pub fn feed(&mut self, bytes: &[u8]) {
        let mut marks = std::mem::take(&mut self.marks);
        marks.split(bytes, |part| match part {
            Part::Bytes(bytes) => self.advance(bytes),
            Part::Mark(Mark::Resized(size)) => self.resize(size),
            Part::Mark(Mark::New(size)) => self.reset(size),
        });
        self.marks = marks;
    }

    fn advance(&mut self, bytes: &[u8]) {
        if self.history == 0 {
            return self.parser.advance(&mut self.term, bytes);
        }
        // no byte makes more than one row of scrollback, but for one that clears the screen
        for bytes in bytes.chunks((self.history / 4).max(1)) {
            let before = self.term.grid().history_size();
            let alternate = self.term.mode().contains(TermMode::ALT_SCREEN);
            self.parser.advance(&mut self.term, bytes);
            if alternate != self.term.mode().contains(TermMode::ALT_SCREEN) {
                continue;
            }
            let after = self.term.grid().history_size();
            match after.checked_sub(before) {
                Some(added) => self.scrolled += added as u64,
                None => self.epoch += 1,
            }
            if after > self.history {
                let grid = self.term.grid_mut();
                grid.update_history(self.history);
                grid.update_history(2 * self.history);
            }
        }
    }

    /// Another size; the program is informed by whoever holds its terminal.
    pub fn resize(&mut self, size: Size) {
        if size != self.size {
            self.size = size;
            self.listener.heard().size = size;
            self.term.resize(size);
            self.epoch += 1;
        }
    }

    fn reset(&mut self, size: Size) {
        self.size = size;
        self.listener.heard().title = None;
        self.term = terminal(size, self.history, &self.listener);
        self.parser = Processor::new();
        self.epoch += 1;
    }

    /// What the terminal has to answer since this was last called: to be written to the program.
    pub fn take_answers(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.listener.heard().answers)
    }

    /// Columns and rows.
    pub fn size(&self) -> Size {
        self.size
    }

    /// The title that the program has set.
    pub fn title(&self) -> Option<String> {
        self.listener.heard().title.clone()
    }

    /// How often the bell has rung.
    pub fn bells(&self) -> u64 {
        self.listener.heard().bells
    }

    /// What the program has switched on.
    pub fn modes(&self) -> Modes {
        Modes::of(*self.term.mode())
    }

    /// Where the cursor is.
    pub fn cursor(&self) -> Cursor {
        let point = self.term.grid().cursor.point;
        let mut cursor = Cursor {
            column: u16::try_from(point.column.0).unwrap_or(0),
            row: u16::try_from(point.line.0).unwrap_or(0),
            visible: self.term.mode().contains(TermMode::SHOW_CURSOR),
            ..Cursor::default()
        };
        cursor.look(self.term.cursor_style());
        cursor
    }

    /// A row of the screen, from 0; from -1 on upwards of the scrollback.
    pub fn row(&self, row: i32) -> Row {
        Row::of(&self.term.grid()[Line(row)], self.size.columns.into())
    }

    /// Rows of scrollback that exist; none while a full-screen program shows.
    pub fn scrollback(&self) -> usize {
        self.term.grid().history_size().min(self.history)
    }

    /// How many rows have left the screen at its top since it was made.
    pub fn scrolled(&self) -> u64 {
        self.scrolled
    }

    /// Rows of scrollback, oldest first: `count` of them, of which the last one is `above` rows above the screen.
    pub fn scrollback_rows(&self, above: usize, count: usize) -> Vec<Row> {
        let last = self.scrollback().min(above.saturating_add(count));
        let line = |row: usize| self.row(-i32::try_from(row).unwrap_or(i32::MAX));
        (above + 1..=last).rev().map(line).collect()
    }
}
