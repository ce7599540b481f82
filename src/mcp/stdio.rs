//! The protocol's own descriptors: nothing else in this process has them, and its children do not inherit them. And what
//! is noticed of the stream that comes in: its end, and lines that are not JSON.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustix::io::fcntl_dupfd_cloexec;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedSender;

use crate::system::text::{Lines, Overlong};

/// The longest message; the SDK drops what is longer.
const LONGEST: usize = 16 << 20;

/// Above the standard streams.
const LOWEST: i32 = 3;

/// Moves stdin and stdout away. In their place are `/dev/null` and stderr: a stray print spoils no message.
pub(super) fn take() -> io::Result<(OwnedFd, OwnedFd)> {
    let input = fcntl_dupfd_cloexec(io::stdin(), LOWEST)?;
    let output = fcntl_dupfd_cloexec(io::stdout(), LOWEST)?;
    replace(File::open("/dev/null")?.as_fd(), libc::STDIN_FILENO)?;
    replace(io::stderr().as_fd(), libc::STDOUT_FILENO)?;
    Ok((input, output))
}

fn replace(by: BorrowedFd<'_>, number: RawFd) -> io::Result<()> {
    // SAFETY: `by` is open, and `number` is a standard stream, which nobody owns
    if unsafe { libc::dup2(by.as_raw_fd(), number) } == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// A stream of which somebody learns that it has ended, and of each line that is not JSON.
pub(super) struct Watched<R> {
    inner: R,
    lines: Lines,
    unreadable: UnboundedSender<()>,
    ended: Arc<Notify>,
    told: bool,
}

impl<R> Watched<R> {
    /// `ended` is notified when there is no more to read.
    pub(super) fn new(inner: R, unreadable: UnboundedSender<()>, ended: Arc<Notify>) -> Self {
        Self { inner, lines: Lines::new(LONGEST, Overlong::Drop), unreadable, ended, told: false }
    }
}

/// Whether a line is a message of some kind; an empty one separates messages.
fn is_readable(line: &[u8]) -> bool {
    let line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
    line.trim_ascii().is_empty() || serde_json::from_slice::<serde_json::Value>(line).is_ok()
}

impl<R: AsyncRead + Unpin> AsyncRead for Watched<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(context, buffer);
        let Self { lines, unreadable, .. } = &mut *self;
        lines.push(&buffer.filled()[before..], |line, _| {
            if !is_readable(line) {
                // nobody answers any more: the server ends
                let _ = unreadable.send(());
            }
        });
        let ended = match &polled {
            Poll::Pending => false,
            Poll::Ready(Ok(())) => buffer.filled().len() == before,
            Poll::Ready(Err(_)) => true,
        };
        if ended && !self.told {
            self.told = true;
            self.ended.notify_one();
        }
        polled
    }
}
