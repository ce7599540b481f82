//! Starting one program.

use std::collections::BTreeMap;
use std::ffi::{CString, OsStr};
use std::fs;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, PidfdFlags, WaitOptions, pidfd_open, waitpid};

use super::mapping::Mapping;
use super::streams::Streams;
use crate::supervisor::execute::close_from;
use crate::supervisor::spec::RunAs;
use crate::system::loopback_map::{Door, Entrance};
use crate::system::proc::{InheritedMarker, ProcessIdentity};

/// Where a child finds the pipe that lets it go.
const GO: RawFd = 3;

/// The exit status of a child that was never let go, because its supervisor died first.
pub(super) const NEVER_RAN: i32 = 251;

/// Added to the supervisor's own `oom_score_adj`.
const OOM_MALUS: i32 = 300;

/// A program to be started.
pub(super) struct Program<'a> {
    pub(super) command: &'a [String],
    pub(super) working_dir: &'a Path,
    pub(super) environment: &'a BTreeMap<String, String>,
    pub(super) run_as: Option<&'a RunAs>,
    /// Where its output goes and its input comes from.
    pub(super) streams: Streams,
    /// What it and all that it starts are marked with.
    pub(super) marker: InheritedMarker,
    /// The loopback map that it lives under.
    pub(super) mapping: Option<&'a Mapping>,
}

/// A program that waits to be let go.
pub(super) struct Spawned {
    pub(super) identity: ProcessIdentity,
    pub(super) pidfd: OwnedFd,
    /// Read ends of stdout and stderr.
    pub(super) pipes: Vec<OwnedFd>,
    go: OwnedFd,
}

impl Spawned {
    /// Lets it run.
    pub(super) fn release(self) -> (OwnedFd, Vec<OwnedFd>) {
        let _ = rustix::io::write(&self.go, b"g");
        (self.pidfd, self.pipes)
    }
}

impl Program<'_> {
    /// Starts it up to the point where it waits for [`Spawned::release`]; dropped instead, it ends.
    ///
    /// # Errors
    /// A sentence for a person.
    pub(super) fn spawn(&self) -> Result<Spawned, String> {
        let program = self.find_program()?;
        if !self.working_dir.is_dir() {
            return Err(format!("its working directory `{}` does not exist", self.working_dir.display()));
        }
        let failed = |what: &str| {
            let what = what.to_owned();
            move |error: rustix::io::Errno| format!("cannot {what}: {}", std::io::Error::from(error))
        };
        let (go_read, go) = pipe_with(PipeFlags::CLOEXEC).map_err(failed("make a pipe"))?;
        let (pipes, ends) = self.streams.open().map_err(|error| format!("cannot open its output: {error}"))?;
        if let (Streams::Terminal(_), Some(run_as)) = (self.streams, self.run_as) {
            let owner = rustix::fs::Uid::from_raw(run_as.uid);
            rustix::fs::fchown(&ends[0], Some(owner), None).map_err(failed("hand its terminal over"))?;
        }
        let entrance = self.mapping.map(|_| Entrance::new()).transpose();
        let entrance = entrance.map_err(|error| format!("its ports cannot be mapped: {error}"))?;
        let mut child = Child::new(self, &program, ends.each_ref().map(AsRawFd::as_raw_fd), go_read.as_raw_fd());
        child.door = entrance.as_ref().map(|entrance| (entrance.door(), entrance.its_end()));
        // SAFETY: the supervisor has one thread; the child only makes system calls on what was prepared,
        // until it becomes another program or exits.
        let pid = match unsafe { libc::fork() } {
            -1 => return Err(format!("cannot fork: {}", std::io::Error::last_os_error())),
            0 => child.run(),
            pid => pid,
        };
        let pid = Pid::from_raw(pid).ok_or("fork returned no pid")?;
        if let (Some(mapping), Some(entrance)) = (self.mapping, entrance)
            && let Err(why) = mapping.take(entrance)
        {
            drop(go);
            // it ends where it would be let go
            let _ = waitpid(Some(pid), WaitOptions::empty());
            return Err(why);
        }
        // only this process reaps it, so the pid is its own
        let pidfd = pidfd_open(pid, PidfdFlags::NONBLOCK).map_err(failed("watch the process"))?;
        let identity = ProcessIdentity::of(pid.as_raw_nonzero().get().cast_unsigned());
        let identity = identity.ok_or("it ended before it ran the program")?;
        Ok(Spawned { identity, pidfd, pipes, go })
    }

    /// The program's file, by the PATH that it will run with.
    fn find_program(&self) -> Result<PathBuf, String> {
        let name = self.command.first().map(String::as_str).unwrap_or_default();
        let is_program = |path: &Path| {
            fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
        };
        if name.contains('/') {
            let path = self.working_dir.join(name);
            return if is_program(&path) { Ok(path) } else { Err(format!("`{name}` is not a program")) };
        }
        let path = self.environment.get("PATH").map_or("/usr/local/bin:/usr/bin:/bin", String::as_str);
        std::env::split_paths(OsStr::new(path))
            .map(|directory| self.working_dir.join(directory).join(name))
            .find(|path| is_program(path))
            .ok_or_else(|| format!("program `{name}` is not on its PATH (`{path}`)"))
    }
}

/// Everything that the child needs after `fork`, made before.
struct Child {
    program: CString,
    _strings: Vec<CString>,
    arguments: Vec<*const libc::c_char>,
    environment: Vec<*const libc::c_char>,
    working_dir: CString,
    run_as: Option<RunAs>,
    standard: [RawFd; 3],
    go: RawFd,
    has_terminal: bool,
    marker: InheritedMarker,
    /// The way under the loopback map, and the connection over which its listener goes.
    door: Option<(Door, RawFd)>,
    oom_score: Vec<u8>,
    complaint: Vec<u8>,
}

impl Child {
    fn new(program: &Program<'_>, path: &Path, standard: [RawFd; 3], go: RawFd) -> Self {
        // `config::check` refuses NUL bytes
        let text = |bytes: &[u8]| CString::new(bytes).unwrap_or_default();
        let mut strings: Vec<CString> = program.command.iter().map(|word| text(word.as_bytes())).collect();
        let words = strings.len();
        strings.extend(program.environment.iter().map(|(name, value)| text(format!("{name}={value}").as_bytes())));
        let pointers = |strings: &[CString]| {
            strings.iter().map(|string| string.as_ptr()).chain([std::ptr::null()]).collect::<Vec<_>>()
        };
        let (arguments, environment) = (pointers(&strings[..words]), pointers(&strings[words..]));
        Self {
            program: text(path.as_os_str().as_bytes()),
            _strings: strings,
            arguments,
            environment,
            working_dir: text(program.working_dir.as_os_str().as_bytes()),
            run_as: program.run_as.cloned(),
            standard,
            go,
            has_terminal: matches!(program.streams, Streams::Terminal(_)),
            marker: program.marker,
            door: None,
            oom_score: (own_oom_score() + OOM_MALUS).min(1000).to_string().into_bytes(),
            complaint: format!("harness: cannot run `{}`: error ", path.display()).into_bytes(),
        }
    }

    /// The child's side of `fork`. Nothing here may allocate.
    fn run(&self) -> ! {
        // SAFETY: system calls on memory and descriptors that were prepared before the fork and that this
        // copy of the process owns alone.
        unsafe {
            if let Some((door, socket)) = self.door {
                // the parent hears of a failure, and does not let this child go
                let _ = door.enter(socket);
            }
            // This copy of the supervisor has its lock, its socket and both ends of its own pipe. They are closed at
            // once: a supervisor that dies now would otherwise leave a process that holds the stack for ever.
            for (number, descriptor) in (0..).zip(self.standard) {
                libc::dup2(descriptor, number);
            }
            if self.go == GO {
                libc::fcntl(GO, libc::F_SETFD, libc::FD_CLOEXEC);
            } else {
                libc::dup3(self.go, GO, libc::O_CLOEXEC);
            }
            close_from(GO + 1);
            libc::setsid();
            if self.has_terminal {
                libc::ioctl(0, libc::TIOCSCTTY, 0);
            }
            let mut none: libc::sigset_t = std::mem::zeroed();
            libc::sigemptyset(&raw mut none);
            libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
            for signal in 1..=64 {
                if signal != libc::SIGKILL && signal != libc::SIGSTOP {
                    libc::signal(signal, libc::SIG_DFL);
                }
            }
            self.marker.set();
            let score = libc::open(c"/proc/self/oom_score_adj".as_ptr(), libc::O_WRONLY | libc::O_CLOEXEC);
            libc::write(score, self.oom_score.as_ptr().cast(), self.oom_score.len());
            libc::close(score);
            // nothing comes from a supervisor that is dead: then the pipe ends
            let mut byte = 0_u8;
            if libc::read(GO, (&raw mut byte).cast(), 1) != 1 {
                libc::_exit(NEVER_RAN);
            }
            if let Some(run_as) = &self.run_as {
                let groups = [run_as.gid];
                if libc::setgroups(1, groups.as_ptr()) != 0
                    || libc::setgid(run_as.gid) != 0
                    || libc::setuid(run_as.uid) != 0
                {
                    self.complain();
                }
            }
            if libc::chdir(self.working_dir.as_ptr()) != 0 {
                self.complain();
            }
            libc::execve(self.program.as_ptr(), self.arguments.as_ptr(), self.environment.as_ptr());
            self.complain()
        }
    }

    /// Says on its stderr, which is its log, why it does not run.
    ///
    /// # Safety
    /// Only in the child.
    unsafe fn complain(&self) -> ! {
        // SAFETY: writes from memory that lives, to a descriptor of its own; then the child ends.
        unsafe {
            let mut number = *libc::__errno_location();
            let mut digits = [b'0', b'0', b'0', b'\n'];
            for digit in digits[..3].iter_mut().rev() {
                *digit = b'0' + u8::try_from(number % 10).unwrap_or(0);
                number /= 10;
            }
            libc::write(2, self.complaint.as_ptr().cast(), self.complaint.len());
            libc::write(2, digits.as_ptr().cast(), digits.len());
            libc::_exit(127)
        }
    }
}

fn own_oom_score() -> i32 {
    fs::read_to_string("/proc/self/oom_score_adj").ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}

impl AsFd for Spawned {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.pidfd.as_fd()
    }
}
