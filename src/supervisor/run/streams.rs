//! Where the output of a program goes and its input comes from.

use std::fs;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};

use crate::screen::Size;
use crate::supervisor::spec::{ProcessSpec, StdinSpec};

/// Room in each pipe, so that an application does not wait while the supervisor is busy. An ordinary user
/// has 64 MiB for all pipes together.
const PIPE_BYTES: usize = 256 * 1024;

/// The standard streams of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Streams {
    /// `/dev/null`.
    None,
    /// Two pipes for its output, and an empty input.
    Pipes,
    /// The same with an input that does not end.
    PipesAndOpenInput,
    /// A terminal of this size; both outputs are one stream.
    Terminal(Size),
}

impl Streams {
    pub(super) fn of(spec: &ProcessSpec) -> Self {
        match (spec.tty, spec.stdin) {
            (true, _) => Self::Terminal(spec.session.as_ref().map(|session| session.size).unwrap_or_default()),
            (false, StdinSpec::Open) => Self::PipesAndOpenInput,
            (false, StdinSpec::Closed) => Self::Pipes,
        }
    }

    /// Of the terminal.
    pub(super) fn size(self) -> Size {
        match self {
            Self::Terminal(size) => size,
            _ => Size::default(),
        }
    }

    /// The read ends for the supervisor, and the program's own three.
    pub(super) fn open(self) -> std::io::Result<(Vec<OwnedFd>, [OwnedFd; 3])> {
        let null =
            || Ok::<OwnedFd, std::io::Error>(fs::File::options().read(true).write(true).open("/dev/null")?.into());
        match self {
            Self::None => Ok((Vec::new(), [null()?, null()?, null()?])),
            Self::Pipes | Self::PipesAndOpenInput => {
                let ((out, its_out), (error, its_error)) = (output_pipe()?, output_pipe()?);
                let input = if self == Self::Pipes { null()? } else { open_input()? };
                Ok((vec![out, error], [input, its_out, its_error]))
            }
            Self::Terminal(size) => {
                let (ours, its) = terminal(size)?;
                Ok((vec![ours], [its.try_clone()?, its.try_clone()?, its]))
            }
        }
    }
}

fn output_pipe() -> std::io::Result<(OwnedFd, OwnedFd)> {
    let (read, write) = pipe_with(PipeFlags::CLOEXEC)?;
    let _ = fcntl_setpipe_size(&write, PIPE_BYTES);
    // only the reading side: the application's own end must block
    rustix::io::ioctl_fionbio(&read, true)?;
    Ok((read, write))
}

/// The read end of a pipe, opened for writing as well. The program itself keeps its input open, so that it does not
/// end whichever of guardian and supervisor dies.
fn open_input() -> std::io::Result<OwnedFd> {
    let (read, _write) = pipe_with(PipeFlags::CLOEXEC)?;
    Ok(fs::File::options().read(true).write(true).open(format!("/proc/self/fd/{}", read.as_raw_fd()))?.into())
}

/// The two ends of a new terminal: ours, which is read without waiting, and the program's.
fn terminal(size: Size) -> std::io::Result<(OwnedFd, OwnedFd)> {
    let (mut ours, mut its) = (-1, -1);
    let size = libc::winsize { ws_row: size.rows, ws_col: size.columns, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the call writes two descriptors and reads the size.
    if unsafe { libc::openpty(&raw mut ours, &raw mut its, std::ptr::null_mut(), std::ptr::null(), &raw const size) }
        != 0
    {
        return Err(std::io::Error::last_os_error());
    }
    // SAFETY: both were just made, and nothing else owns them.
    let (ours, its) = unsafe { (OwnedFd::from_raw_fd(ours), OwnedFd::from_raw_fd(its)) };
    for end in [&ours, &its] {
        rustix::io::fcntl_setfd(end, rustix::io::FdFlags::CLOEXEC)?;
    }
    rustix::io::ioctl_fionbio(&ours, true)?;
    Ok((ours, its))
}
