//! Watching whose servers programs talk to.
//!
//! The same filter as for the map: it sees each `bind` and each `connect`. A socket that a watched program binds is known
//! by its cookie from then on, so that servers which the programs start themselves cost no look at `/proc`, however short
//! they live. A connect to loopback is looked up in the kernel; a listening socket that is not known yet is judged once,
//! by the processes that hold it. Nothing is held up or changed: what is foreign is only noted.
//!
//! Not seen: what the filter does not see (`io_uring`, 32-bit programs), and connects to an address of this machine that
//! is not loopback.

use std::cell::Cell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::call::Waiting;
use crate::system::PortHolder;
use crate::system::proc::{ListeningSocket, SocketTable, arguments_of, command_line, holders_of, holds, socket_cookie};

/// How long who listens is taken for who listened.
const MOMENT: Duration = Duration::from_millis(10);
/// How many are noted.
const MOST: usize = 20;

/// Programs that compile for whoever asks and hold nothing of an application. They outlive the builds that start them.
const BUILD_DAEMONS: [&str; 6] = [
    "org.gradle.launcher.daemon.bootstrap.GradleDaemon",
    "org.jetbrains.kotlin.daemon.KotlinCompileDaemon",
    "sccache",
    "bazel",
    "buck2d",
    "adb",
];

/// A server of somebody else that a program connected to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stranger {
    /// Where.
    pub address: SocketAddr,
    /// The process; `None` where it is another user's.
    pub pid: Option<u32>,
    /// Its command line; empty where it is not known.
    pub command: String,
}

/// What one program, and all that it starts, connects to.
#[derive(Clone)]
pub struct Watch {
    shared: Arc<Shared>,
    admitted: Arc<[RangeInclusive<u16>]>,
    found: Arc<Mutex<BTreeSet<Stranger>>>,
}

/// Whom one program has asked for in the last moment, and a way to ask the kernel: a suite that makes thousands of
/// connections to its own server costs one look a moment.
#[derive(Debug)]
pub(super) struct Asked {
    table: SocketTable,
    own: Cell<[Option<(SocketAddr, Instant)>; 4]>,
    next: Cell<usize>,
}

impl Asked {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { table: SocketTable::open()?, own: Cell::default(), next: Cell::default() })
    }

    fn is_own(&self, address: SocketAddr) -> bool {
        self.own.get().iter().flatten().any(|(known, at)| *known == address && at.elapsed() < MOMENT)
    }

    fn was_own(&self, address: SocketAddr) {
        let (mut own, at) = (self.own.get(), self.next.get());
        own[at % own.len()] = Some((address, Instant::now()));
        self.own.set(own);
        self.next.set(at + 1);
    }
}

/// What is known of sockets, by all programs of a run.
struct Shared {
    is_own: Box<dyn Fn(Option<u32>, u16) -> bool + Send + Sync>,
    /// Cookies of sockets that watched programs have bound.
    bound: Mutex<HashSet<u64>>,
    /// Who listens on other sockets: `None` for one's own.
    judged: Mutex<HashMap<u64, Option<PortHolder>>>,
}

impl Watch {
    /// A watch that takes a server for its own where `is_own` says so of a process that has its socket, and of its port.
    /// The process is not known where it is another user's.
    ///
    /// # Errors
    /// The kernel does not say who listens.
    pub fn new(is_own: impl Fn(Option<u32>, u16) -> bool + Send + Sync + 'static) -> io::Result<Self> {
        SocketTable::open()?;
        let shared = Shared { is_own: Box::new(is_own), bound: Mutex::default(), judged: Mutex::default() };
        Ok(Self { shared: Arc::new(shared), admitted: Arc::new([]), found: Arc::default() })
    }

    /// The same for one program, for which anybody may listen on these ports.
    #[must_use]
    pub fn of_program(&self, admitted: impl IntoIterator<Item = RangeInclusive<u16>>) -> Self {
        let admitted = admitted.into_iter().collect();
        Self { shared: Arc::clone(&self.shared), admitted, found: Arc::default() }
    }

    /// What it has connected to that is somebody else's, each once.
    pub fn found(&self) -> Vec<Stranger> {
        locked(&self.found).iter().cloned().collect()
    }

    /// Whose server a connection of this process has reached, if it is somebody else's; noted too.
    ///
    /// # Errors
    /// The kernel does not say who listens.
    pub fn look(&self, address: SocketAddr) -> io::Result<Option<Stranger>> {
        match self.whose(&SocketTable::open()?, address, None) {
            Whose::Strange(stranger) => {
                self.note(stranger.clone());
                Ok(Some(stranger))
            }
            Whose::Own | Whose::Absent => Ok(None),
        }
    }

    /// A watched program has bound a socket, or will in a moment.
    pub(super) fn binds(&self, socket: &OwnedFd) {
        if let Ok(cookie) = socket_cookie(socket) {
            locked(&self.shared.bound).insert(cookie);
        }
    }

    /// A watched program connects. `is_valid` says whether it still waits for that.
    pub(super) fn connects(&self, asked: &Asked, address: SocketAddr, waiting: &Waiting, is_valid: impl Fn() -> bool) {
        if asked.is_own(address) {
            return;
        }
        match self.whose(&asked.table, address, Some(waiting.thread)) {
            Whose::Own => asked.was_own(address),
            Whose::Strange(server) if waiting.is_stream() && is_in_this_network(waiting.thread) && is_valid() => {
                self.note(server);
            }
            Whose::Absent | Whose::Strange(_) => {}
        }
    }

    fn note(&self, stranger: Stranger) {
        let mut found = locked(&self.found);
        if found.len() < MOST {
            found.insert(stranger);
        }
    }

    fn whose(&self, table: &SocketTable, address: SocketAddr, caller: Option<u32>) -> Whose {
        if self.admitted.iter().any(|ports| ports.contains(&address.port())) {
            return Whose::Own;
        }
        let Ok(Some(socket)) = table.listening(address) else { return Whose::Absent };
        if locked(&self.shared.bound).contains(&socket.cookie) {
            return Whose::Own;
        }
        let known = locked(&self.shared.judged).get(&socket.cookie).cloned();
        let holder = known.or_else(|| {
            let holder = self.shared.judge(socket, address.port(), caller);
            // one that was closed meanwhile has no holder, and nobody was reached
            let stands = matches!(table.listening(address), Ok(Some(now)) if now == socket);
            stands.then(|| locked(&self.shared.judged).insert(socket.cookie, holder.clone()));
            stands.then_some(holder)
        });
        match holder {
            None => Whose::Absent,
            Some(None) => Whose::Own,
            Some(Some(PortHolder { pid, command })) => Whose::Strange(Stranger { address, pid, command }),
        }
    }
}

/// Whose server listens.
enum Whose {
    Own,
    /// Nobody does.
    Absent,
    Strange(Stranger),
}

impl Shared {
    fn judge(&self, socket: ListeningSocket, port: u16, caller: Option<u32>) -> Option<PortHolder> {
        if caller.is_some_and(|caller| holds(caller, socket.inode)) {
            return None;
        }
        let holders = holders_of(socket.inode);
        if holders.iter().any(|pid| (self.is_own)(Some(*pid), port) || is_build_daemon(*pid)) {
            return None;
        }
        if holders.is_empty() && (self.is_own)(None, port) {
            return None;
        }
        let pid = holders.iter().min().copied();
        Some(PortHolder { pid, command: pid.and_then(command_line).unwrap_or_default() })
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Watch").field("admitted", &self.admitted).finish_non_exhaustive()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_build_daemon(pid: u32) -> bool {
    let arguments = arguments_of(pid);
    let words = arguments.iter().filter_map(|word| word.to_str());
    words.enumerate().any(|(at, word)| {
        let word = if at == 0 { word.rsplit('/').next().unwrap_or_default() } else { word };
        // the name of a program, or the main class of a virtual machine
        BUILD_DAEMONS.iter().any(|daemon| word == *daemon && (at == 0 || daemon.contains('.')))
            || at == 0 && word.starts_with("bazel(")
    })
}

/// Whether a thread's loopback is that of this process: in a network namespace of its own it reaches other servers.
fn is_in_this_network(thread: u32) -> bool {
    let network = |of: &str| fs::read_link(format!("/proc/{of}/ns/net")).ok();
    match (network(&thread.to_string()), network("self")) {
        (Some(its), Some(ours)) => its == ours,
        _ => true,
    }
}
