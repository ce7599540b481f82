//! The terminal that harness itself was started on, for a program that runs elsewhere: raw while it runs,
//! restored at the end.

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};

use super::{Error, Result};

/// Keys go through as they are, Ctrl-C among them, until this is dropped.
pub struct RawTerminal {
    before: Termios,
}

impl RawTerminal {
    /// Makes the terminal of standard input raw.
    ///
    /// # Errors
    /// It is not a terminal.
    pub fn enter() -> Result<Self> {
        let failed = |error: rustix::io::Errno| Error::call("set the terminal")(error.into());
        let before = tcgetattr(std::io::stdin()).map_err(failed)?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(std::io::stdin(), OptionalActions::Drain, &raw).map_err(failed)?;
        Ok(Self { before })
    }

    /// Columns and rows; `None` where they are not known.
    pub fn size(&self) -> Option<(u16, u16)> {
        let size = tcgetwinsize(std::io::stdin()).ok()?;
        Some((size.ws_col, size.ws_row)).filter(|(columns, rows)| *columns > 0 && *rows > 0)
    }
}

/// Columns and rows of the terminal on standard output; `None` where it is none, or they are not known.
pub fn terminal_size() -> Option<(u16, u16)> {
    let size = tcgetwinsize(std::io::stdout()).ok()?;
    Some((size.ws_col, size.ws_row)).filter(|(columns, rows)| *columns > 0 && *rows > 0)
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        // a terminal that was closed cannot be restored
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Drain, &self.before);
    }
}
