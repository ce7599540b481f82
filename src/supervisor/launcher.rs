//! Bringing a trio to life.
//!
//! The command that starts a stack takes the lock and binds the socket itself and hands both to the
//! guardian. So there is no moment at which two could start, the socket answers from the first moment,
//! and a command that is killed half-way leaves either a trio or nothing.

use std::ffi::CString;
use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::execute::{Execution, Role, close_all_on_exec};
use super::handover::Handover;
use super::listeners::Listeners;
use super::lock::lock;
use super::{Client, Error, Result, StackSnapshot, StackSpec, SweepReport, config, own_log, socket, sweep, trio};
use crate::system::{self, Deadline, loopback_map, marker_value};

/// How long another command's start, or an ending trio, is waited for.
const PATIENCE: Duration = Duration::from_secs(12);

/// Between two looks at it.
const PAUSE: Duration = Duration::from_millis(5);

/// What `start` did.
#[derive(Debug, Clone)]
pub struct Started {
    /// False when a supervisor was running already.
    pub fresh: bool,
    /// What a dead trio had left behind.
    pub swept: SweepReport,
    /// The state right after the start.
    pub snapshot: StackSnapshot,
}

/// Which binary becomes guardian and supervisor.
#[derive(Debug, Clone)]
pub struct Launcher {
    binary: PathBuf,
}

impl Launcher {
    /// This very program.
    pub fn current() -> Result<Self> {
        let binary = std::env::current_exe().map_err(system::Error::call("find the path of this program"))?;
        Ok(Self { binary })
    }

    /// Another harness binary: that of a test, or a newer one.
    pub fn with_binary(binary: impl Into<PathBuf>) -> Self {
        Self { binary: binary.into() }
    }

    /// Puts `spec` in force in the stack directory `directory`. Where no supervisor runs, what a dead one
    /// left is swept and a new trio is started. Where one runs, it takes the spec over without restarting
    /// what runs, and starts what had failed; one of an older protocol is replaced first, which its processes do
    /// not notice. Returns once the supervisor answers.
    pub async fn start(&self, directory: &Path, spec: &StackSpec) -> Result<Started> {
        system::create_private_dir(directory, 0o700)?;
        let directory = std::fs::canonicalize(directory).map_err(system::Error::file("resolve", directory))?;
        config::check(spec)?;
        let client = Client::new(&directory);
        let deadline = Deadline::after("the supervisor", PATIENCE);
        let lock = loop {
            match claim(&directory, deadline).await? {
                Claim::Lock(lock) => break lock,
                Claim::Running => {}
            }
            config::write(&directory, spec)?;
            match client.revive().await {
                // it has just ended, or is about to: then it is our turn
                Err(error) if error.is_ending() && !deadline.passed() => sleep(PAUSE).await,
                Err(error) if error.is_older() && !deadline.passed() => {
                    drop(client.replace(&self.binary).await?);
                }
                // a copy of a dead supervisor holds lock and socket
                Err(Error::NoAnswer { .. }) if trio::end_unfinished_starts(&directory) => {}
                Err(error) => return Err(error),
                Ok(snapshot) => return Ok(Started { fresh: false, swept: SweepReport::default(), snapshot }),
            }
        };
        // all that it starts would go through that map, and would lose the network with whoever serves it
        loopback_map::check_outer(&marker_value(&spec.home_id, &spec.stack))?;
        config::write(&directory, spec)?;
        let swept = sweep::sweep_locked_async(&spec.home_id, &directory, &spec.stack).await?;
        self.spawn(&directory, lock)?;
        let snapshot = client.snapshot().await.map_err(|error| match error {
            Error::NotRunning { directory } => Error::no_answer(&directory),
            other => other,
        })?;
        Ok(Started { fresh: true, swept, snapshot })
    }

    /// Starts the guardian in a session of its own, as a child of init.
    fn spawn(&self, directory: &Path, lock: OwnedFd) -> Result<(), system::Error> {
        let failed = |action: &str| system::Error::call(format!("{action} for `{}`", directory.display()));
        let log = own_log::open(directory)?;
        let null = File::options()
            .read(true)
            .write(true)
            .open("/dev/null")
            .map_err(system::Error::file("open", "/dev/null"))?;
        let handover = Handover {
            directory: directory.to_owned(),
            binary: self.binary.clone(),
            lock,
            listener: socket::listen_in(directory)?,
            ledger: Vec::new(),
            listeners: Listeners::default(),
            call: None,
            state: None,
            spec: None,
            complete: true,
            guardian: None,
        };
        let packed = handover.pack(None).map_err(failed("hand over the stack"))?;
        let program = CString::new(self.binary.as_os_str().as_bytes()).unwrap_or_default();
        let execution = Execution::new(&program, Role::Guardian, directory, &packed);
        let (null, log) = (null.as_raw_fd(), log.as_raw_fd());
        // SAFETY: this process may have threads, so the child calls nothing but async-signal-safe
        // functions until it becomes another program or exits.
        let child = unsafe { libc::fork() };
        match child {
            -1 => Err(failed("start a guardian")(std::io::Error::last_os_error())),
            0 => {
                // SAFETY: as above. The second fork gives the guardian to init, so that no long-lived
                // caller has to reap it.
                unsafe {
                    libc::setsid();
                    match libc::fork() {
                        0 => {
                            libc::dup2(null, 0);
                            libc::dup2(null, 1);
                            libc::dup2(log, 2);
                            libc::chdir(c"/".as_ptr());
                            close_all_on_exec();
                            execution.run();
                            libc::_exit(127)
                        }
                        code => libc::_exit(i32::from(code < 0)),
                    }
                }
            }
            child => {
                let mut status = 0;
                // SAFETY: waits for the very child that was just made, and writes to a local.
                while unsafe { libc::waitpid(child, &raw mut status, 0) } < 0
                    && std::io::Error::last_os_error().kind() == std::io::ErrorKind::Interrupted
                {}
                if status == 0 {
                    Ok(())
                } else {
                    Err(failed("start a guardian")(std::io::Error::from_raw_os_error(libc::EAGAIN)))
                }
            }
        }
    }
}

/// Starts the stack of `directory` with this very program; see [`Launcher::start`].
pub async fn start(directory: &Path, spec: &StackSpec) -> Result<Started> {
    Launcher::current()?.start(directory, spec).await
}

enum Claim {
    Lock(OwnedFd),
    Running,
}

/// Takes the lock, or finds a supervisor that answers. In between lies one that is just being started by
/// another command, or is about to end: that passes.
async fn claim(directory: &Path, deadline: Deadline) -> Result<Claim> {
    let mut look = None;
    loop {
        if let Some(lock) = lock(directory)? {
            return Ok(Claim::Lock(lock));
        }
        if Client::connect(directory)?.is_some() {
            return Ok(Claim::Running);
        }
        if deadline.passed() {
            return Err(Error::no_answer(directory));
        }
        if look.is_none_or(|at: Instant| at.elapsed() > Duration::from_secs(1)) {
            // a guardian that was stopped as its supervisor ended
            trio::mend(directory);
            look = Some(Instant::now());
        }
        sleep(PAUSE).await;
    }
}
