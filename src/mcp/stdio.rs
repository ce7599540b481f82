//! The protocol's own descriptors: nothing else in this process has them, and its children do not inherit them.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::pin::Pin;
use std::task::{Context, Poll};

use rustix::io::fcntl_dupfd_cloexec;
use tokio::io::{AsyncRead, ReadBuf};

use crate::agent::Interruption;

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

/// A stream of which somebody learns that it has ended.
pub(super) struct Ending<R> {
    inner: R,
    ended: Interruption,
    told: bool,
}

impl<R> Ending<R> {
    /// `ended` is asked when there is no more to read.
    pub(super) fn new(inner: R, ended: Interruption) -> Self {
        Self { inner, ended, told: false }
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Ending<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(context, buffer);
        let ended = match &polled {
            Poll::Pending => false,
            Poll::Ready(Ok(())) => buffer.filled().len() == before,
            Poll::Ready(Err(_)) => true,
        };
        if ended && !self.told {
            self.told = true;
            self.ended.ask();
        }
        polled
    }
}
