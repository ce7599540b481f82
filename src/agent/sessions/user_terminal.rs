//! The terminal of the person who looks on.
//!
//! Reading and writing block, so each has a thread. There is never more than one frame under way: a terminal that takes
//! nothing (stopped, a connection that hangs) gets the screen as it is once it takes something again, and the command can
//! still be asked to end meanwhile.

use std::io::{IsTerminal, Read, Write};
use std::sync::mpsc::{SyncSender, sync_channel};

use tokio::sync::mpsc::{Receiver, UnboundedReceiver, channel, unbounded_channel};

use super::SessionError;
use crate::report::Failure;
use crate::screen::Size;
use crate::system::RawTerminal;

/// Standard input and output, raw; as before once it is dropped.
pub(super) struct UserTerminal {
    raw: RawTerminal,
    pub(super) keys: Receiver<Vec<u8>>,
    frames: SyncSender<String>,
    pub(super) drawn: UnboundedReceiver<()>,
    /// Whether a frame is under way.
    busy: bool,
}

impl UserTerminal {
    /// Takes it.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn take() -> Result<Self, Failure> {
        if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
            return Err(SessionError::NotOnTerminal.into());
        }
        let raw = RawTerminal::enter()?;
        let (typed, keys) = channel(16);
        std::thread::spawn(move || {
            let mut chunk = vec![0; 16 * 1024];
            while let Ok(length @ 1..) = std::io::stdin().read(&mut chunk) {
                if typed.blocking_send(chunk[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        let (frames, to_draw) = sync_channel::<String>(1);
        let (done, drawn) = unbounded_channel();
        std::thread::spawn(move || {
            for frame in to_draw {
                let mut out = std::io::stdout().lock();
                let written = out.write_all(frame.as_bytes()).and_then(|()| out.flush());
                if written.is_err() || done.send(()).is_err() {
                    return;
                }
            }
        });
        Ok(Self { raw, keys, frames, drawn, busy: false })
    }

    /// Its size.
    pub(super) fn size(&self) -> Size {
        self.raw.size().map_or_else(Size::default, |(columns, rows)| Size::of(columns, rows))
    }

    /// Whether it takes a frame now.
    pub(super) fn is_free(&self) -> bool {
        !self.busy
    }

    /// Draws, unless there is nothing to draw.
    pub(super) fn draw(&mut self, frame: String) {
        if !frame.is_empty() {
            self.busy = self.frames.try_send(frame).is_ok();
        }
    }

    /// A frame was drawn.
    pub(super) fn was_drawn(&mut self) {
        self.busy = false;
    }
}
