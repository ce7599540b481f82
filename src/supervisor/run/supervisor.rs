//! The task that owns the truth: takes messages one by one, asks the machine, carries out its actions.
//!
//! What came of it is published once for all messages that were there: forty processes that are stopped
//! together are forty exits, and each would write down the state of all forty. A supervisor that dies before it
//! published leaves its successor with what the guardian was sent at once (starts and exits); that a run is over is
//! said after the state that knows its end.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinHandle, LocalSet, spawn_local};
use tokio::time::{Instant, sleep_until};

use super::control::{Desk, serve};
use super::memory::OutOfMemory;
use super::messages::{Message, Sender};
use super::output::Output;
use super::takeover;
use crate::supervisor::config;
use crate::supervisor::handover::{Handover, memory_file, read_memory_file};
use crate::supervisor::link::{self, ToGuardian};
use crate::supervisor::logs::Writer;
use crate::supervisor::machine::{Event, Machine, Moment, News};
use crate::supervisor::own_log::say;
use crate::supervisor::process_tree::ProcessTrees;
use crate::supervisor::protocol::{Response, VERSION};
use crate::supervisor::record::{self, Record};
use crate::supervisor::snapshot::{Phase, ProcessSnapshot, StackSnapshot};
use crate::supervisor::spec::{StackSpec, WatchSpec};
use crate::supervisor::trim::give_back_startup_pages;
use crate::system::{ProcessIdentity, effective_uid, is_bindable};

/// The supervisor of one stack.
pub(super) struct Supervisor {
    pub(super) handover: Handover,
    pub(super) link: OwnedFd,
    pub(super) machine: Machine,
    pub(super) spec: StackSpec,
    pub(super) identity: ProcessIdentity,
    pub(super) trees: ProcessTrees,
    pub(super) sender: Sender,
    pub(super) runs: HashMap<(String, u64), Run>,
    /// The last leader of each process, dead or alive.
    pub(super) leaders: HashMap<String, ProcessIdentity>,
    pub(super) writers: HashMap<String, Rc<RefCell<Writer>>>,
    pub(super) memory: OutOfMemory,
    pub(super) ending: Option<Ending>,
    pub(super) watches: Watches,
    /// Runs that the guardian may forget, once it has the state that knows how they ended.
    pub(super) over: Vec<(String, u64)>,
    published: u64,
    generation: watch::Sender<u64>,
    recorded: Record,
}

/// What is watched, by process.
pub(super) type Watches = HashMap<String, (WatchSpec, JoinHandle<()>)>;

/// A start of a process, until it is reaped and silent.
pub(super) struct Run {
    pub(super) identity: ProcessIdentity,
    pub(super) pidfd: OwnedFd,
    pub(super) output: Rc<Output>,
    pub(super) open_pipes: usize,
    pub(super) ended: bool,
    /// Whether the guardian is its parent, and so reaps it.
    pub(super) guardians_child: bool,
    /// Whether a former supervisor started it.
    pub(super) adopted: bool,
}

/// Why the supervisor is about to end.
pub(super) enum Ending {
    /// Everything is being stopped for these clients.
    Shutdown(Vec<oneshot::Sender<Response>>),
    /// Another binary takes over.
    Replaced,
}

/// A port that was taken may be free by now: then nothing names the process that held it any more.
fn forget_who_has_gone(process: &mut ProcessSnapshot) {
    if let Some((port, _)) = process.port_holder.take_if(|(port, _)| is_bindable(*port)) {
        process.reason = Some(if process.phase == Phase::PortConflict {
            format!("port {port} was taken when it should start, and is free now: start it again")
        } else {
            format!("port {port} was taken when it was stopped, and is free now")
        });
    }
}

/// The clock that the machine lives by: it goes on across supervisors.
pub(super) fn now() -> Moment {
    let time = clock_gettime(ClockId::Monotonic);
    Duration::new(time.tv_sec.try_into().unwrap_or(0), time.tv_nsec.try_into().unwrap_or(0))
}

/// Supervises until the stack is stopped or another supervisor takes over.
pub(crate) fn run(handover: Handover, link: OwnedFd) -> std::io::Result<()> {
    // a terminal that closes is nothing to us
    // SAFETY: sets a disposition, before anything else runs.
    unsafe { libc::signal(libc::SIGHUP, libc::SIG_IGN) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, supervise(handover, link))
}

async fn supervise(handover: Handover, link: OwnedFd) -> std::io::Result<()> {
    let (sender, mut messages) = mpsc::unbounded_channel();
    let (generation, seen) = watch::channel(0);
    let mut supervisor = Supervisor::take_over(handover, link, sender.clone(), generation)?;
    takeover::watch_guardian(supervisor.link.try_clone()?, sender.clone())?;
    takeover::watch_signals(&sender)?;
    let stack = supervisor.spec.stack.clone();
    let token = Rc::new(());
    let desk = Desk { stack, owner: effective_uid(), sender, generation: seen, _open: token.clone() };
    let server = spawn_local(serve(supervisor.handover.listener.try_clone()?, desk));
    spawn_local(async {
        // once all is started, and once more when it has come to rest
        for pause in [3, 30] {
            tokio::time::sleep(Duration::from_secs(pause)).await;
            give_back_startup_pages();
        }
    });
    while !supervisor.is_at_the_end() {
        let deadline = supervisor.machine.deadline().map(|at| Instant::now() + at.saturating_sub(now()));
        let tick = async {
            match deadline {
                Some(deadline) => sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            Some(message) = messages.recv() => {
                supervisor.take(message);
                while !supervisor.is_at_the_end()
                    && let Ok(message) = messages.try_recv()
                {
                    supervisor.take(message);
                }
            }
            () = tick => supervisor.handle(Event::Tick),
        }
        supervisor.publish();
    }
    server.abort();
    supervisor.finish().await;
    drop((supervisor, messages));
    // answers under way are written; a client that takes longer than this has gone away
    let deadline = Instant::now() + Duration::from_secs(1);
    while Rc::strong_count(&token) > 1 && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}

impl Supervisor {
    /// Begins with an handover: a new one, or that of a supervisor that died.
    fn take_over(
        mut handover: Handover,
        link: OwnedFd,
        sender: Sender,
        generation: watch::Sender<u64>,
    ) -> std::io::Result<Self> {
        let read = |descriptor: &OwnedFd| read_memory_file::<StackSpec>(descriptor).ok();
        let spec = match handover.spec.as_ref().and_then(read) {
            Some(spec) => spec,
            None => config::load(&handover.directory).map_err(std::io::Error::other)?,
        };
        let state = handover.state.as_ref().and_then(|state| read_memory_file(state).ok());
        let (machine, actions) = Machine::restore(&spec, state, &takeover::alive(&handover.ledger), now());
        let trees = ProcessTrees::new(&spec.home_id, &spec.stack, handover.guardian.as_ref(), handover.complete);
        let identity = ProcessIdentity::of(std::process::id()).ok_or(std::io::ErrorKind::NotFound)?;
        let mut ledger = std::mem::take(&mut handover.ledger);
        let mut supervisor = Self {
            handover,
            link,
            machine,
            spec,
            identity,
            trees,
            sender,
            runs: HashMap::new(),
            leaders: HashMap::new(),
            writers: HashMap::new(),
            memory: OutOfMemory::new(),
            ending: None,
            watches: Watches::default(),
            over: Vec::new(),
            published: 0,
            generation,
            recorded: Record::default(),
        };
        supervisor.hand_spec_over();
        let mut ended = Vec::new();
        for entry in ledger.drain(..) {
            ended.extend(entry.exit.map(|status| (entry.name.clone(), entry.run, status)));
            supervisor.adopt(entry)?;
        }
        supervisor.apply_actions(actions);
        for (name, run, status) in ended {
            supervisor.exited(&name, run, status);
        }
        supervisor.watch_files();
        supervisor.publish();
        Ok(supervisor)
    }

    fn is_at_the_end(&self) -> bool {
        match &self.ending {
            None => false,
            Some(Ending::Shutdown(_)) => self.machine.is_quiet(),
            Some(Ending::Replaced) => true,
        }
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::News { name, run, news } => self.handle(Event::News { name, run, news }),
            Message::Ended { name, run } => self.ended(&name, run),
            Message::Fate { name, run, status } => self.exited(&name, run, status),
            Message::Silent { name, run } => self.silent(&name, run),
            Message::Request(request, answer) => self.request(request, answer),
            Message::Guardian(message) => self.guardian_says(message),
            Message::GuardianDied => {
                self.publish();
                takeover::become_guardian(&mut self.handover);
            }
            Message::Files { name, sign } => self.files_say(name, sign),
            Message::Terminate => self.shut_down(None),
        }
    }

    /// Tells the machine and does what it says.
    pub(super) fn handle(&mut self, event: Event) {
        let actions = self.machine.handle(now(), event);
        self.apply_actions(actions);
    }

    /// Does what the machine says. Some actions have an outcome at once, which the machine hears at once.
    fn apply_actions(&mut self, actions: Vec<crate::supervisor::machine::Action>) {
        let mut open = VecDeque::from(actions);
        while let Some(action) = open.pop_front() {
            if let Some((name, run, news)) = self.act(action) {
                open.extend(self.machine.handle(now(), Event::News { name, run, news }));
            }
        }
    }

    /// Makes what has changed known: to the guardian, to those who wait, and on disk.
    fn publish(&mut self) {
        if self.published != self.machine.generation() {
            self.publish_state();
        }
        for (name, run) in std::mem::take(&mut self.over) {
            self.tell(&ToGuardian::Forget { name, run }, &[]);
        }
    }

    fn publish_state(&mut self) {
        self.published = self.machine.generation();
        match memory_file(&self.machine.save()) {
            Ok(state) => {
                self.tell(&ToGuardian::State, &[state.as_fd()]);
                self.handover.state = Some(state);
            }
            Err(error) => say("supervisor", &format!("cannot save the state: {error}")),
        }
        let processes = self.runs.iter().filter(|(_, run)| !run.ended);
        let processes = processes.map(|((name, _), run)| (name.clone(), run.identity.clone())).collect();
        let recorded = Record { version: 1, processes };
        if recorded != self.recorded {
            if let Err(error) = record::write(&self.handover.directory, &recorded) {
                say("supervisor", &format!("cannot record the processes: {error}"));
            }
            self.recorded = recorded;
        }
        self.generation.send_replace(self.published);
    }

    /// Sends to the guardian; when it is dead, its end of the link says so by itself.
    pub(super) fn tell(&self, message: &ToGuardian, descriptors: &[std::os::fd::BorrowedFd<'_>]) {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        for _ in 0..2 {
            match link::send(&self.link, message, descriptors) {
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    let limit = Timespec { tv_sec: 1, tv_nsec: 0 };
                    let _ = poll(&mut [PollFd::new(&self.link, PollFlags::OUT)], Some(&limit));
                }
                _ => return,
            }
        }
        say("supervisor", "the guardian does not listen");
    }

    pub(super) fn hand_spec_over(&mut self) {
        if let Ok(spec) = memory_file(&self.spec) {
            self.tell(&ToGuardian::Spec, &[spec.as_fd()]);
            self.handover.spec = Some(spec);
        }
    }

    pub(super) fn snapshot(&self) -> StackSnapshot {
        let mut processes = self.machine.processes();
        for process in processes.values_mut() {
            forget_who_has_gone(process);
        }
        StackSnapshot {
            generation: self.machine.generation(),
            stack: self.spec.stack.clone(),
            harness_version: VERSION.to_owned(),
            supervisor: self.identity.clone(),
            guardian: self.handover.guardian.clone(),
            spec_digest: self.machine.digest(),
            tracking: self.trees.tracking(),
            tracking_reason: self.trees.reason().to_owned(),
            processes,
        }
    }

    /// News that does not come by message.
    pub(super) fn hear(&mut self, name: &str, run: u64, news: News) {
        self.handle(Event::News { name: name.to_owned(), run, news });
    }
}
