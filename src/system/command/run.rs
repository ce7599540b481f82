//! Runs a program to its end.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::time::Instant;

use rustix::pipe::{PipeFlags, pipe_with};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::net::unix::pipe::Receiver;

use super::ending::{Ending, Output};
use super::running::Running;
use super::spec::CommandSpec;
use super::tail::Tail;
use crate::system::text::{LONGEST_LINE, Lines, Overlong, text_of};
use crate::system::{Error, Result};

/// How much is read at once.
const CHUNK: usize = 64 * 1024;
/// What may lie in the pipe when the program ends.
const PIPE_CAPACITY: usize = 1024 * 1024;

/// Runs a program to its end. `on_line` sees each line without its end; lines over 64 KiB come in
/// pieces, bytes that are not UTF-8 as `U+FFFD`.
///
/// # Errors
/// [`Error::Call`] when it cannot be started (no such directory, no such program), [`Error::File`]
/// when its log cannot be created. A program that fails is not an error but an [`Ending`].
pub async fn run(spec: &CommandSpec, mut on_line: impl FnMut(&str)) -> Result<Output> {
    let began = Instant::now();
    let mut log = match &spec.log {
        Some(path) => Some(File::create(path).map_err(Error::file("create", path))?),
        None => None,
    };
    let failed = |error: io::Error| Error::call(format!("run `{}` in `{}`", spec.name(), spec.dir.display()))(error);
    let (reading, writing) = pipe_with(PipeFlags::CLOEXEC).map_err(|error| failed(error.into()))?;
    // fewer wake-ups for chatty programs; an unprivileged user may be over the limit, which is no matter
    let _ = rustix::pipe::fcntl_setpipe_size(&reading, PIPE_CAPACITY);
    let mut running = Running::start(spec, writing).map_err(failed)?;
    let output = Receiver::from_owned_fd(reading).map_err(failed)?;
    let pidfd = running.exit_descriptor().map_err(failed)?;
    // SAFETY: an `OwnedFd` keeps its descriptor open for as long as it lives.
    let exit = unsafe { AsyncFd::register_with_interest(pidfd, Interest::READABLE) };
    let exit = exit.map_err(|error| failed(error.into()))?;

    let mut lines = Lines::new(LONGEST_LINE, Overlong::Split);
    let mut tail = Tail::new(spec.tail_lines);
    let (mut bytes, mut log_lost, mut open, mut timed_out) = (0_u64, 0_u64, true, false);
    let mut chunk = vec![0; CHUNK];
    let mut take = |data: &[u8]| {
        let room = usize::try_from(spec.log_limit.saturating_sub(bytes)).unwrap_or(usize::MAX);
        let (kept, over) = data.split_at(data.len().min(room));
        bytes += data.len() as u64;
        if let Some(log) = &mut log {
            let written = kept.is_empty() || log.write_all(kept).is_ok();
            log_lost += (if written { over.len() } else { data.len() }) as u64;
        }
        lines.push(data, |line, _| {
            let line = text_of(line);
            tail.push(&line);
            on_line(&line);
        });
    };
    let mut deadline = spec.timeout.map(|timeout| began + timeout);
    loop {
        tokio::select! {
            readable = output.readable(), if open => {
                readable.map_err(failed)?;
                match output.try_read(&mut chunk) {
                    Ok(0) => open = false,
                    Ok(length) => take(&chunk[..length]),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(error) => return Err(failed(error)),
                }
            }
            exited = exit.readable() => {
                exited.map_err(failed)?.retain_ready();
                break;
            }
            () = sleep_until(deadline) => {
                if timed_out {
                    break;
                }
                timed_out = true;
                running.terminate();
                deadline = Some(Instant::now() + spec.grace);
            }
        }
    }
    let status = running.finish().await.map_err(failed)?;
    // no process writes any more: what is in the pipe is the rest
    let mut rest = PIPE_CAPACITY;
    while open && rest > 0 {
        match output.try_read(&mut chunk) {
            Ok(length) if length > 0 => {
                take(&chunk[..length]);
                rest = rest.saturating_sub(length);
            }
            _ => open = false,
        }
    }
    lines.finish(|line| {
        let line = text_of(line);
        tail.push(&line);
        on_line(&line);
    });
    let ending = if timed_out { Ending::TimedOut } else { Ending::of(status) };
    Ok(Output { ending, tail: tail.finish(), bytes, log_lost, elapsed: began.elapsed() })
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}
