//! The guardian's loop.

use std::os::fd::{FromRawFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};

use super::calls::serve_until;
use super::children::{Ended, reap_one};
use crate::supervisor::execute::{Execution, OWN_BINARY, Role};
use crate::supervisor::handover::{Entry, Handover};
use crate::supervisor::heartbeat::{Heartbeat, PERIOD, Pulse, is_stopped};
use crate::supervisor::link::{self, Received, ToGuardian, ToSupervisor};
use crate::supervisor::own_log::say;
use crate::supervisor::trim::give_back_startup_pages;
use crate::system::ProcessIdentity;
use crate::system::loopback_map::{Listener, Slot};

/// A supervisor that lived shorter than this died of what it was given or of its machine.
const SHORT_LIFE: Duration = Duration::from_secs(2);

/// After so many short lives in a row the saved state is not handed on any more: it may be what kills.
const SUSPECT_STATE: u32 = 5;

struct Guardian {
    handover: Handover,
    /// Which call of a mapped program is being answered.
    slot: Slot,
    signals: OwnedFd,
    supervisor: Option<Supervisor>,
    /// Children that ended before the message that introduces them was read.
    strays: Vec<Ended>,
    short_lives: u32,
    next_start: Option<Instant>,
    terminate: bool,
    replacement: Option<String>,
    farewell: bool,
}

struct Supervisor {
    pid: u32,
    link: OwnedFd,
    since: Instant,
    heartbeat: Heartbeat,
    /// When it is asked next.
    next_turn: Instant,
}

/// Guards the stack until it is stopped.
pub(crate) fn run(mut handover: Handover) -> std::io::Result<()> {
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    handover.guardian = ProcessIdentity::of(std::process::id());
    let call = handover.call.take().map_or_else(Slot::file, Ok)?;
    let slot = Slot::of(&call)?;
    handover.call = Some(call);
    // the guardian before this one may have died in the middle of it
    handover.listeners.each(|listener| listener.resume(&slot));
    let mut guardian = Guardian {
        signals: take_signals()?,
        handover,
        slot,
        supervisor: None,
        strays: Vec::new(),
        short_lives: 0,
        next_start: Some(Instant::now()),
        terminate: false,
        replacement: None,
        farewell: false,
    };
    while !(guardian.farewell && guardian.supervisor.is_none()) {
        guardian.start_supervisor_if_due();
        guardian.wait();
        guardian.read_signals();
        guardian.read_link();
        guardian.ask_if_due();
        guardian.reap();
    }
    Ok(())
}

/// SIGCHLD, SIGTERM and SIGINT arrive as data; SIGHUP means nothing here.
fn take_signals() -> std::io::Result<OwnedFd> {
    // SAFETY: the set is a local; signalfd makes a new descriptor that nothing else owns.
    unsafe {
        libc::signal(libc::SIGHUP, libc::SIG_IGN);
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        for signal in [libc::SIGCHLD, libc::SIGTERM, libc::SIGINT] {
            libc::sigaddset(&raw mut set, signal);
        }
        libc::sigprocmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut());
        let descriptor = libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK);
        if descriptor < 0 { Err(std::io::Error::last_os_error()) } else { Ok(OwnedFd::from_raw_fd(descriptor)) }
    }
}

impl Guardian {
    /// Waits for something that is the guardian's affair; calls of mapped programs are answered meanwhile.
    fn wait(&self) {
        let next_turn = self.supervisor.as_ref().map(|supervisor| supervisor.next_turn);
        let next = self.next_start.into_iter().chain(next_turn).min();
        let mut own = vec![PollFd::new(&self.signals, PollFlags::IN)];
        own.extend(self.supervisor.iter().map(|it| PollFd::new(&it.link, PollFlags::IN)));
        serve_until(&mut own, next, &self.handover.listeners, &self.slot);
    }

    fn read_signals(&mut self) {
        let size = std::mem::size_of::<libc::signalfd_siginfo>();
        let mut buffer = [0_u8; 512];
        while let Ok(read) = rustix::io::read(&self.signals, &mut buffer[..size]) {
            if read < size {
                break;
            }
            let number = u32::from_ne_bytes([buffer[0], buffer[1], buffer[2], buffer[3]]);
            if number != libc::SIGCHLD.cast_unsigned() {
                self.terminate = true;
                self.pass_termination_on();
            }
        }
    }

    fn pass_termination_on(&self) {
        if let (true, Some(supervisor)) = (self.terminate, &self.supervisor) {
            let _ = link::send(&supervisor.link, &ToSupervisor::Terminate, &[]);
        }
    }

    fn read_link(&mut self) {
        while let Some(supervisor) = &mut self.supervisor {
            match link::receive::<ToGuardian>(&supervisor.link) {
                Received::Message(message, descriptors) => {
                    supervisor.heartbeat.heard();
                    self.note(message, descriptors);
                }
                Received::Empty | Received::Closed => break,
            }
        }
    }

    /// Asks the supervisor for a sign, and kills one that was stopped or gives none: the next one takes over.
    fn ask_if_due(&mut self) {
        let now = Instant::now();
        let Some(supervisor) = self.supervisor.as_mut().filter(|it| it.next_turn <= now && !self.farewell) else {
            return;
        };
        supervisor.next_turn = now + PERIOD;
        let pid = supervisor.pid;
        let found = match supervisor.heartbeat.turn(|| is_stopped(pid)) {
            Pulse::Alive => {
                let _ = link::send(&supervisor.link, &ToSupervisor::Ask, &[]);
                return;
            }
            Pulse::Stopped => "was stopped by a signal",
            Pulse::Silent => "does not answer",
        };
        say("guardian", &format!("supervisor {pid} {found}; killing it"));
        // SAFETY: sends a signal to a child that was not reaped yet, so the number is still its own.
        unsafe { libc::kill(pid.cast_signed(), libc::SIGKILL) };
    }

    fn note(&mut self, message: ToGuardian, mut descriptors: Vec<OwnedFd>) {
        match message {
            ToGuardian::Spawned { name, run, identity, started_at_ms } => {
                let known = self.strays.iter().position(|ended| ended.pid == identity.pid);
                let exit = known.map(|index| self.strays.swap_remove(index).status);
                self.handover.ledger.push(Entry { name, run, identity, started_at_ms, exit, pipes: descriptors });
            }
            ToGuardian::Mapped { ports } => {
                for descriptor in descriptors {
                    self.handover.listeners.add(Listener::new(descriptor, ports.clone()));
                }
            }
            ToGuardian::Exited { name, run, status } => {
                if let Some(entry) = self.handover.entry(&name, run) {
                    entry.exit = Some(status);
                }
            }
            ToGuardian::Forget { name, run } => {
                self.handover.ledger.retain(|entry| entry.name != name || entry.run != run);
            }
            ToGuardian::State => self.handover.state = descriptors.pop(),
            ToGuardian::Spec => self.handover.spec = descriptors.pop(),
            ToGuardian::Replace { binary } => self.replacement = Some(binary),
            ToGuardian::Farewell => self.farewell = true,
            // any word is a sign
            ToGuardian::Alive => {}
        }
    }

    fn reap(&mut self) {
        while let Some(ended) = reap_one() {
            if self.supervisor.as_ref().is_some_and(|supervisor| supervisor.pid == ended.pid) {
                // its last words come before the news of the children that it leaves
                self.read_link();
                self.supervisor_died(&ended);
            } else if let Some(entry) =
                self.handover.ledger.iter_mut().find(|entry| entry.identity.pid == ended.pid && entry.exit.is_none())
            {
                entry.exit = Some(ended.status);
                if let Some(supervisor) = &self.supervisor {
                    let (name, run, status) = (entry.name.clone(), entry.run, ended.status);
                    let _ = link::send(&supervisor.link, &ToSupervisor::Exited { name, run, status }, &[]);
                }
            } else {
                self.strays.push(ended);
                // orphans of applications arrive here too, and no message will introduce them
                if self.strays.len() > 256 {
                    self.strays.drain(..128);
                }
            }
        }
    }

    fn supervisor_died(&mut self, ended: &Ended) {
        let Some(supervisor) = self.supervisor.take() else { return };
        if self.farewell {
            return;
        }
        if let Some(binary) = self.replacement.take() {
            say("guardian", &format!("becoming `{binary}`"));
            if let Err(error) = self.become_binary(&binary) {
                say("guardian", &format!("cannot become `{binary}`: {error}"));
            }
        } else {
            say("guardian", &format!("supervisor {} ended: {:?}; starting another", ended.pid, ended.status));
        }
        self.short_lives = if supervisor.since.elapsed() < SHORT_LIFE { self.short_lives + 1 } else { 0 };
        if self.short_lives >= SUSPECT_STATE && self.handover.state.take().is_some() {
            say("guardian", "supervisors end soon after their start; the next one starts without the saved state");
        }
        self.delay_start();
    }

    /// The first successor comes at once, further ones after 0.1 s to 5 s.
    fn delay_start(&mut self) {
        let steps = self.short_lives.saturating_sub(1).min(6);
        let delay = if self.short_lives < 2 { Duration::ZERO } else { Duration::from_millis(100) * 2_u32.pow(steps) };
        self.next_start = Some(Instant::now() + delay.min(Duration::from_secs(5)));
    }

    fn start_supervisor_if_due(&mut self) {
        if self.supervisor.is_none() && self.next_start.is_some_and(|at| at <= Instant::now()) {
            self.next_start = None;
            if let Err(error) = self.start_supervisor() {
                say("guardian", &format!("cannot start a supervisor: {error}"));
                self.short_lives += 1;
                self.delay_start();
            }
        }
    }

    fn start_supervisor(&mut self) -> std::io::Result<()> {
        let (own, its) = link::pair()?;
        let packed = self.handover.pack(Some(&its))?;
        let execution = Execution::new(OWN_BINARY, Role::Supervisor, &self.handover.directory, &packed);
        // SAFETY: this process has one thread; the child becomes another program or exits.
        match unsafe { libc::fork() } {
            -1 => Err(std::io::Error::last_os_error()),
            0 => {
                execution.run();
                // SAFETY: ends the child without running anything of the parent's.
                unsafe { libc::_exit(127) }
            }
            pid => {
                let (pid, since) = (pid.cast_unsigned(), Instant::now());
                let (heartbeat, next_turn) = (Heartbeat::default(), since + PERIOD);
                self.supervisor = Some(Supervisor { pid, link: own, since, heartbeat, next_turn });
                give_back_startup_pages();
                self.pass_termination_on();
                Ok(())
            }
        }
    }

    /// Becomes another harness as the same process, so that the stack's processes stay its children.
    fn become_binary(&mut self, binary: &str) -> std::io::Result<()> {
        let packed = self.handover.pack(None)?;
        let program = std::ffi::CString::new(binary)?;
        let error = Execution::new(&program, Role::Guardian, &self.handover.directory, &packed).run();
        // it did not work: descriptors were opened for the program that did not start
        for descriptor in &packed.kept {
            // SAFETY: the descriptors belong to the handover and are open.
            unsafe { libc::fcntl(*descriptor, libc::F_SETFD, libc::FD_CLOEXEC) };
        }
        self.signals = take_signals()?;
        Err(std::io::Error::from_raw_os_error(error))
    }
}
