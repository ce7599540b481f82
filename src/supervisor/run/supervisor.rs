//! The task that owns the truth: takes messages one by one, asks the machine, carries out its actions.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinHandle, LocalSet, spawn_local};
use tokio::time::{Instant, sleep_until};

use super::control::{Desk, serve};
use super::idle::Idle;
use super::memory::OutOfMemory;
use super::memory_use::{Sampled, sample};
use super::messages::{Message, Sender};
use super::output::Output;
use super::parking::Parking;
use super::takeover;
use crate::supervisor::config;
use crate::supervisor::handover::{Handover, read_memory_file};
use crate::supervisor::logs::Writer;
use crate::supervisor::machine::{Event, Machine, Moment, News};
use crate::supervisor::process_tree::ProcessTrees;
use crate::supervisor::protocol::Response;
use crate::supervisor::record::Record;
use crate::supervisor::spec::{StackSpec, WatchSpec};
use crate::supervisor::trim::give_back_startup_pages;
use crate::supervisor::vanish;
use crate::system::{ProcessIdentity, effective_uid};

/// The supervisor of one stack.
pub(super) struct Supervisor {
    pub(super) handover: Handover,
    pub(super) link: Rc<OwnedFd>,
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
    pub(super) published: u64,
    pub(super) generation: watch::Sender<u64>,
    pub(super) recorded: Record,
    pub(super) memory_use: Sampled,
    pub(super) parking: Parking,
    pub(super) idle: Option<Idle>,
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
    takeover::watch_guardian(supervisor.link.try_clone()?, supervisor.handover.guardian.clone(), sender.clone())?;
    takeover::watch_signals(&sender)?;
    let (directory, stack) = (supervisor.handover.directory.clone(), supervisor.spec.stack.clone());
    let vanished = Rc::new(Cell::new(false));
    let end = sender.clone();
    let ends_with_tree = vanish::watch(directory.clone(), vanished.clone(), move || drop(end.send(Message::Terminate)));
    let tree = spawn_local(ends_with_tree);
    let (open, followed) = (Rc::new(()), Rc::new(()));
    let owner = effective_uid();
    let desk = Desk { stack, owner, sender, generation: seen, _open: open.clone(), followed: followed.clone() };
    let server = spawn_local(serve(supervisor.handover.listener.try_clone()?, desk));
    spawn_local(async {
        // once all is started, and once more when it has come to rest
        for pause in [3, 30] {
            tokio::time::sleep(Duration::from_secs(pause)).await;
            give_back_startup_pages();
        }
    });
    let sampling = spawn_local(sample(supervisor.trees.clone(), supervisor.memory_use.clone()));
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
            (port, stream) = supervisor.parking.visitor() => supervisor.wake_for(port, stream),
            () = Idle::time_to_look(supervisor.idle.as_ref()) => supervisor.park_if_idle(),
        }
        supervisor.publish();
    }
    supervisor.show_last_state(&mut messages, &followed).await;
    server.abort();
    tree.abort();
    sampling.abort();
    supervisor.finish().await;
    if vanished.get() {
        vanish::start_teardown(&directory);
    }
    drop((supervisor, messages));
    // answers under way are written; a client that takes longer than this has gone away
    let deadline = Instant::now() + Duration::from_secs(1);
    while Rc::strong_count(&open) > 1 && Instant::now() < deadline {
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
            link: Rc::new(link),
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
            memory_use: Sampled::default(),
            parking: Parking::default(),
            idle: None,
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

    pub(super) fn take(&mut self, message: Message) {
        match message {
            Message::News { name, run, news } => self.handle(Event::News { name, run, news }),
            Message::Ended { name, run } => self.ended(&name, run),
            Message::Fate { name, run, status } => self.exited(&name, run, status),
            Message::Silent { name, run } => self.silent(&name, run),
            Message::Request(request, answer) => self.request(request, answer),
            Message::Terminal(name, answer) => drop(answer.send(self.terminal(&name))),
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
        // a process finds its port free
        if matches!(event, Event::Start(_) | Event::Restart(_) | Event::Wake | Event::Apply { .. }) {
            self.parking.close();
        }
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

    /// News that does not come by message.
    pub(super) fn hear(&mut self, name: &str, run: u64, news: News) {
        self.handle(Event::News { name: name.to_owned(), run, news });
    }
}
