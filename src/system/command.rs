//! Running a program to its end: template steps, `post_clone`, `prepare`, the commands of `verify`.
//!
//! The program gets a session of its own, exactly the environment it is given and an empty standard
//! input. Its output (both streams through one pipe, so that their order is kept) is passed on line
//! by line, written raw to a log file where one is asked for, and kept as a bounded tail.
//!
//! Invariants: the end of the *program* ends the run, not the end of its output, which a grandchild
//! may hold open; when the run ends, however it ends (exit, timeout, the future dropped), nothing that
//! the program started is alive, apart from a process that left the session *and* cleared its
//! environment *and* lost its parent; memory does not grow with the output.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::net::unix::pipe::Receiver;

use super::process_tree::ProcessTree;
use super::text::{LONGEST_LINE, Lines, Overlong, cut, plain, text_of};
use super::{Error, Result};

/// How much is read at once.
const CHUNK: usize = 64 * 1024;
/// What may lie in the pipe when the program ends.
const PIPE_CAPACITY: usize = 1024 * 1024;
/// How many last lines are kept unless the caller says otherwise.
const TAIL_LINES: usize = 40;

/// What to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Program {
    /// A command line for `/bin/sh -c`.
    Shell(String),
    /// A program and its arguments.
    Argv(Vec<OsString>),
}

/// A program with everything around it.
#[derive(Debug, Clone)]
pub struct CommandSpec {
    /// What to run.
    pub program: Program,
    /// Where.
    pub dir: PathBuf,
    /// The complete environment; of a name given twice the later value counts.
    pub env: Vec<(String, String)>,
    /// When it is ended.
    pub timeout: Option<Duration>,
    /// Between SIGTERM and SIGKILL at the timeout.
    pub grace: Duration,
    /// A file that gets the raw output; created or emptied.
    pub log: Option<PathBuf>,
    /// How many bytes the log may hold; what comes after is read and counted, not kept.
    pub log_limit: u64,
    /// How many last lines [`Output::tail`] holds.
    pub tail_lines: usize,
}

impl CommandSpec {
    /// A shell command without timeout and log.
    pub fn shell(command: impl Into<String>, dir: impl Into<PathBuf>, env: Vec<(String, String)>) -> Self {
        Self {
            program: Program::Shell(command.into()),
            dir: dir.into(),
            env,
            timeout: None,
            grace: Duration::from_secs(2),
            log: None,
            log_limit: u64::MAX,
            tail_lines: TAIL_LINES,
        }
    }

    /// The same, ended after `timeout`.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// The same, its raw output written to `log`.
    #[must_use]
    pub fn with_log(mut self, log: impl Into<PathBuf>) -> Self {
        self.log = Some(log.into());
        self
    }

    /// For messages: never a whole shell line, which may hold a rendered password.
    fn name(&self) -> String {
        match &self.program {
            Program::Shell(line) => match line.split_whitespace().next() {
                Some(word) if !word.contains('=') => format!("{word} …"),
                _ => "sh".to_owned(),
            },
            Program::Argv(words) => words.first().map(|word| word.to_string_lossy().into_owned()).unwrap_or_default(),
        }
    }
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with this status.
    Exited(i32),
    /// By this signal, not of our making.
    Signalled(i32),
    /// It was ended because its time was over.
    TimedOut,
}

impl Ending {
    /// Whether it exited with status 0.
    pub fn is_success(self) -> bool {
        self == Self::Exited(0)
    }
}

impl std::fmt::Display for Ending {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exited(status) => write!(formatter, "exit status {status}"),
            Self::Signalled(signal) => match SIGNALS.iter().find(|(number, _)| number == signal) {
                Some((_, name)) => write!(formatter, "killed by {name}"),
                None => write!(formatter, "killed by signal {signal}"),
            },
            Self::TimedOut => formatter.write_str("timed out"),
        }
    }
}

/// The signals that programs die of.
const SIGNALS: [(i32, &str); 11] = [
    (libc::SIGHUP, "SIGHUP"),
    (libc::SIGINT, "SIGINT"),
    (libc::SIGQUIT, "SIGQUIT"),
    (libc::SIGILL, "SIGILL"),
    (libc::SIGABRT, "SIGABRT"),
    (libc::SIGBUS, "SIGBUS"),
    (libc::SIGFPE, "SIGFPE"),
    (libc::SIGKILL, "SIGKILL"),
    (libc::SIGSEGV, "SIGSEGV"),
    (libc::SIGPIPE, "SIGPIPE"),
    (libc::SIGTERM, "SIGTERM"),
];

/// What a finished program left behind.
#[derive(Debug, Clone)]
pub struct Output {
    /// How it ended.
    pub ending: Ending,
    /// Its last lines, made safe to print: no terminal escapes, no control characters.
    pub tail: Vec<String>,
    /// How many bytes it wrote.
    pub bytes: u64,
    /// How many of them are not in the log: it was at its limit, or the disk was full.
    pub log_lost: u64,
    /// How long it ran.
    pub elapsed: Duration,
}

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
                running.tree.signal(Signal::TERM);
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
    let ending = if timed_out { Ending::TimedOut } else { ending_of(status) };
    Ok(Output { ending, tail: tail.finish(), bytes, log_lost, elapsed: began.elapsed() })
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

fn ending_of(status: ExitStatus) -> Ending {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ending::Exited(code),
        (None, signal) => Ending::Signalled(signal.unwrap_or_default()),
    }
}

/// A started program. Dropping it kills everything it started.
struct Running {
    child: Child,
    tree: ProcessTree,
    reaped: bool,
}

impl Running {
    fn start(spec: &CommandSpec, writing: OwnedFd) -> io::Result<Self> {
        let (mut command, marker) = (command_of(&spec.program), ProcessTree::new_marker());
        command.current_dir(&spec.dir).env_clear().envs(spec.env.iter().map(|(name, value)| (name, value)));
        command.env(ProcessTree::VARIABLE, &marker);
        command.stdin(Stdio::null()).stdout(Stdio::from(writing.try_clone()?)).stderr(Stdio::from(writing));
        let parent = rustix::process::getpid();
        // SAFETY: only async-signal-safe system calls are made between fork and exec.
        unsafe {
            command.pre_exec(move || {
                rustix::process::setsid()?;
                // harness killed outright takes the program along
                rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
                if rustix::process::getppid() != Some(parent) {
                    return Err(io::Error::from(ErrorKind::Interrupted));
                }
                Ok(())
            });
        }
        let child = command.spawn()?;
        let tree = ProcessTree::new(child.id(), marker);
        Ok(Self { child, tree, reaped: false })
    }

    /// A descriptor that becomes readable when the program has ended.
    fn exit_descriptor(&self) -> io::Result<OwnedFd> {
        let pid = Pid::from_raw(self.child.id().cast_signed()).expect("a child has a pid");
        Ok(pidfd_open(pid, PidfdFlags::NONBLOCK)?)
    }

    /// Kills what is left, then reaps the program: in this order, so that its pid, and with it the
    /// number of its session, cannot be reused while the tree is looked for.
    async fn finish(&mut self) -> io::Result<ExitStatus> {
        self.tree.kill_async().await;
        self.reaped = true;
        // it has ended, so this does not wait
        self.child.wait()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // a future that is dropped has no later moment for this
        if !self.reaped {
            self.tree.kill();
            let _ = self.child.wait();
        }
    }
}

fn command_of(program: &Program) -> Command {
    match program {
        Program::Shell(line) => {
            let mut command = Command::new("/bin/sh");
            command.arg("-c").arg(line);
            command
        }
        Program::Argv(words) => {
            let mut command = Command::new(words.first().map_or_else(OsString::new, Clone::clone));
            command.args(words.iter().skip(1));
            command
        }
    }
}

/// The last lines, each cut to a length that fits a message.
struct Tail {
    lines: VecDeque<String>,
    limit: usize,
}

impl Tail {
    const LINE: usize = 2000;

    fn new(limit: usize) -> Self {
        Self { lines: VecDeque::with_capacity(limit.min(TAIL_LINES)), limit }
    }

    fn push(&mut self, line: &str) {
        if self.limit == 0 {
            return;
        }
        // the oldest line's memory is used again: of a flood nearly every line is only passed through
        let oldest = if self.lines.len() == self.limit { self.lines.pop_front() } else { None };
        let mut kept = oldest.unwrap_or_default();
        kept.clear();
        kept.push_str(cut(line, Self::LINE));
        self.lines.push_back(kept);
    }

    fn finish(self) -> Vec<String> {
        self.lines.iter().map(|line| plain(line)).collect()
    }
}

#[cfg(test)]
mod tests;
