//! What the supervisor does for a terminal: it reads it, keeps its log and its screen, and answers what programs ask.

use std::os::fd::{AsRawFd, BorrowedFd};
use std::path::Path;

use crate::screen::{Mark, Screen, Size};
use crate::supervisor::logs::{Stream, Writer, since_keyframe};
use crate::supervisor::own_log::logs_in;

/// A log file of this length is followed by another one, as soon as it can be cut: what a successor of this supervisor,
/// and whoever joins, must read at most.
const LOG_FILE: u64 = 2 << 20;

/// One that cannot be cut well is cut anywhere.
const LONGEST_LOG_FILE: u64 = 2 * LOG_FILE;

/// The screen of one run of a program on a terminal.
#[derive(Debug)]
pub(super) struct Terminal {
    screen: Screen,
}

impl Terminal {
    /// A new program on an empty screen.
    pub(super) fn new(size: Size, writer: &mut Writer) -> Self {
        // the log of a stack's first program is that program's alone: 80 columns and 24 rows are understood
        if writer.has_begun() || size != Size::default() {
            writer.append(Stream::Stdout, &Mark::New(size).encode());
        }
        Self { screen: Screen::new(size, 0) }
    }

    /// The screen that the log of a former supervisor leaves.
    pub(super) fn resume(directory: &Path, name: &str) -> Self {
        let mut screen = Screen::new(Size::default(), 0);
        screen.feed(&since_keyframe(&logs_in(directory), name));
        // the former supervisor has answered
        screen.take_answers();
        Self { screen }
    }

    /// Takes what was read from the master end.
    pub(super) fn take(&mut self, writer: &mut Writer, bytes: &[u8], master: BorrowedFd<'_>) {
        let length = writer.length();
        let cut = if length >= LONGEST_LOG_FILE { Some(0) } else { cut(bytes).filter(|_| length >= LOG_FILE) };
        match cut {
            Some(at) => {
                self.put(writer, &bytes[..at]);
                writer.turn(&self.screen.keyframe());
                self.put(writer, &bytes[at..]);
            }
            None => self.put(writer, bytes),
        }
        let answers = self.screen.take_answers();
        if !answers.is_empty() {
            // a program that asks and does not read goes without
            let _ = rustix::io::write(master, &answers);
        }
    }

    fn put(&mut self, writer: &mut Writer, bytes: &[u8]) {
        writer.append(Stream::Stdout, bytes);
        self.screen.feed(bytes);
    }

    /// Gives the terminal another size: first in the log, then for the program, which draws by it.
    pub(super) fn resize(&mut self, size: Size, writer: &mut Writer, master: BorrowedFd<'_>) -> std::io::Result<()> {
        if size == self.screen.size() {
            return Ok(());
        }
        self.put(writer, &Mark::Resized(size).encode());
        let size = libc::winsize { ws_row: size.rows, ws_col: size.columns, ws_xpixel: 0, ws_ypixel: 0 };
        // SAFETY: the call reads the size.
        match unsafe { libc::ioctl(master.as_raw_fd(), libc::TIOCSWINSZ, &raw const size) } {
            0 => Ok(()),
            _ => Err(std::io::Error::last_os_error()),
        }
    }
}

/// Where a new file may begin: before an escape sequence or after a line, and so within neither.
fn cut(bytes: &[u8]) -> Option<usize> {
    bytes.iter().rposition(|byte| matches!(byte, 0x1b | b'\n')).map(|at| at + usize::from(bytes[at] == b'\n'))
}
