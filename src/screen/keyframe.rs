//! A screen as the bytes that make it.

use std::fmt::Write;

use alacritty_terminal::grid::Grid;
use alacritty_terminal::index::{Line, Point};
use alacritty_terminal::term::TermMode;
use alacritty_terminal::term::cell::Cell;
use alacritty_terminal::vte::ansi::{CharsetIndex, StandardCharset};

use super::{Mark, Modes, Row, Screen, Size, Style};

impl Screen {
    /// Bytes that, fed to any screen, make it show what this one does, and take further output as this one would. The
    /// scrollback is not among them.
    pub fn keyframe(&mut self) -> Vec<u8> {
        let size = self.size();
        let mut bytes = Mark::New(size).encode();
        let mut text = String::new();
        let mode = *self.term.mode();
        if mode.contains(TermMode::ALT_SCREEN) {
            // what is below the full-screen program shows again when that ends
            let shown = self.term.grid().clone();
            self.term.swap_alt();
            draw(&mut text, self.term.grid(), size);
            place(&mut text, self.term.grid());
            self.term.swap_alt();
            *self.term.grid_mut() = shown;
            text.push_str("\x1b[?1049h");
        }
        draw(&mut text, self.term.grid(), size);
        if let Some(title) = self.title() {
            let _ = write!(text, "\x1b]2;{title}\x07");
        }
        text.push_str(&Modes::of(mode).sequences(Modes::default()));
        for (flag, number) in
            [(TermMode::ALTERNATE_SCROLL, 1007), (TermMode::LINE_WRAP, 7), (TermMode::SHOW_CURSOR, 25)]
        {
            if !mode.contains(flag) {
                let _ = write!(text, "\x1b[?{number}l");
            }
        }
        for (flag, number) in [(TermMode::INSERT, 4), (TermMode::LINE_FEED_NEW_LINE, 20)] {
            if mode.contains(flag) {
                let _ = write!(text, "\x1b[{number}h");
            }
        }
        text.push_str(&self.cursor().shape_sequence());
        let (top, bottom) = self.scroll_region();
        let _ = write!(text, "\x1b[{};{}r", top + 1, bottom + 1);
        place(&mut text, self.term.grid());
        if mode.contains(TermMode::ORIGIN) {
            let row = self.cursor().row.saturating_sub(top) + 1;
            let _ = write!(text, "\x1b[?6h\x1b[{row};{}H", self.cursor().column + 1);
        }
        bytes.extend_from_slice(text.as_bytes());
        bytes
    }

    /// The first and the last row that scroll. The interpreter does not say; where the cursor goes in origin mode does.
    fn scroll_region(&mut self) -> (u16, u16) {
        let before = self.term.grid().cursor.clone();
        let is_origin = self.term.mode().contains(TermMode::ORIGIN);
        self.feed(b"\x1b[?6h\x1b[999;1H");
        let bottom = self.cursor().row;
        self.feed(b"\x1b[1;1H");
        let top = self.cursor().row;
        if !is_origin {
            self.feed(b"\x1b[?6l");
        }
        self.term.grid_mut().cursor = before;
        (top, bottom)
    }
}

/// Every row in its place.
fn draw(text: &mut String, grid: &Grid<Cell>, size: Size) {
    for number in 0..size.rows {
        let row = Row::of(&grid[Line(number.into())], size.columns.into());
        if !row.runs.is_empty() {
            let _ = write!(text, "\x1b[{};1H{}", number + 1, row.sequences(0, u16::MAX));
        }
    }
}

/// The saved cursor, then the cursor, each with what it writes.
fn place(text: &mut String, grid: &Grid<Cell>) {
    let put = |text: &mut String, point: Point, template: &Cell| {
        let _ = write!(text, "\x1b[{};{}H{}", point.line.0 + 1, point.column.0 + 1, Style::of(template).sequence());
    };
    put(text, grid.saved_cursor.point, &grid.saved_cursor.template);
    text.push_str("\x1b7");
    for (index, letter) in [(CharsetIndex::G0, '('), (CharsetIndex::G1, ')')] {
        if grid.cursor.charsets[index] == StandardCharset::SpecialCharacterAndLineDrawing {
            let _ = write!(text, "\x1b{letter}0");
        }
    }
    put(text, grid.cursor.point, &grid.cursor.template);
}
