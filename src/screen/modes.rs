//! What a program has switched on in its terminal, and its cursor.

use alacritty_terminal::term::TermMode;
use alacritty_terminal::vte::ansi;
use serde::Serialize;

/// What a viewer has to know to send keys, pasted text and the mouse as the program expects them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[allow(clippy::struct_excessive_bools)] // each is a mode of its own
pub struct Modes {
    /// A full-screen program shows: there is no scrollback.
    pub alternate: bool,
    /// Arrow keys are sent as `ESC O`.
    pub application_cursor: bool,
    /// The keypad sends sequences of its own.
    pub application_keypad: bool,
    /// Pasted text is put into brackets.
    pub bracketed_paste: bool,
    /// Which movements of the mouse are sent.
    pub mouse: Mouse,
    /// The mouse is sent as numbers (SGR).
    pub sgr_mouse: bool,
    /// The mouse is sent in UTF-8.
    pub utf8_mouse: bool,
    /// Focus is reported.
    pub focus: bool,
}

/// Which movements of the mouse a program wants.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mouse {
    /// None.
    #[default]
    Off,
    /// Buttons.
    Click,
    /// Movements too while a button is pressed.
    Drag,
    /// All movements.
    Motion,
}

/// Where the cursor is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Cursor {
    /// From 0.
    pub column: u16,
    /// From 0.
    pub row: u16,
    /// Whether it is seen.
    pub visible: bool,
    /// What it looks like.
    pub shape: CursorShape,
    /// Whether it blinks.
    pub blinking: bool,
}

/// What a cursor looks like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CursorShape {
    /// A whole cell.
    #[default]
    Block,
    /// A line below.
    Underline,
    /// A line before.
    Bar,
}

impl Modes {
    pub(super) fn of(mode: TermMode) -> Self {
        let has = |flag| mode.contains(flag);
        let mouse = if has(TermMode::MOUSE_MOTION) {
            Mouse::Motion
        } else if has(TermMode::MOUSE_DRAG) {
            Mouse::Drag
        } else if has(TermMode::MOUSE_REPORT_CLICK) {
            Mouse::Click
        } else {
            Mouse::Off
        };
        Self {
            alternate: has(TermMode::ALT_SCREEN),
            application_cursor: has(TermMode::APP_CURSOR),
            application_keypad: has(TermMode::APP_KEYPAD),
            bracketed_paste: has(TermMode::BRACKETED_PASTE),
            mouse,
            sgr_mouse: has(TermMode::SGR_MOUSE),
            utf8_mouse: has(TermMode::UTF8_MOUSE),
            focus: has(TermMode::FOCUS_IN_OUT),
        }
    }

    /// The escape sequences that bring a terminal from `before` here; not the change to another screen.
    pub(super) fn sequences(self, before: Self) -> String {
        let mut text = String::new();
        let mut switch = |number: &str, is: bool, was: bool| {
            if is != was {
                text.extend(["\x1b[?", number, if is { "h" } else { "l" }]);
            }
        };
        switch("1", self.application_cursor, before.application_cursor);
        switch("2004", self.bracketed_paste, before.bracketed_paste);
        switch("1004", self.focus, before.focus);
        for (number, kind) in [("1000", Mouse::Click), ("1002", Mouse::Drag), ("1003", Mouse::Motion)] {
            switch(number, self.mouse == kind, before.mouse == kind);
        }
        switch("1005", self.utf8_mouse, before.utf8_mouse);
        switch("1006", self.sgr_mouse, before.sgr_mouse);
        if self.application_keypad != before.application_keypad {
            text.push_str(if self.application_keypad { "\x1b=" } else { "\x1b>" });
        }
        text
    }
}

impl Cursor {
    pub(super) fn look(&mut self, style: ansi::CursorStyle) {
        self.blinking = style.blinking;
        self.shape = match style.shape {
            ansi::CursorShape::Underline => CursorShape::Underline,
            ansi::CursorShape::Beam => CursorShape::Bar,
            _ => CursorShape::Block,
        };
    }

    /// The escape sequence that makes a terminal's cursor look so.
    pub(super) fn shape_sequence(self) -> String {
        let number = match self.shape {
            CursorShape::Block => 2,
            CursorShape::Underline => 4,
            CursorShape::Bar => 6,
        };
        format!("\x1b[{} q", number - u8::from(self.blinking))
    }
}
