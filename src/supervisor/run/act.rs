//! Carrying out the machine's actions, and what comes of them.

use std::cell::RefCell;
use std::os::fd::AsFd;
use std::rc::Rc;
use std::time::Duration;

use rustix::process::Signal;
use tokio::task::spawn_local;

use super::messages::Message;
use super::outcome::{self, Fate};
use super::output::{Output, pump};
use super::probe;
use super::spawn::{NEVER_RAN, Program};
use super::stop_tree::TreeStop;
use super::streams::Streams;
use super::supervisor::{Run, Supervisor};
use super::terminal::Terminal;
use crate::supervisor::config;
use crate::supervisor::handover::Entry;
use crate::supervisor::link::{ToGuardian, ToSupervisor};
use crate::supervisor::logs::{Limits, Stream, Writer, last_lines};
use crate::supervisor::machine::{Action, Event, News, ProbeKind, describe_exit, readiness_of};
use crate::supervisor::own_log::{logs_in, say};
use crate::supervisor::process_tree::listening_ports;
use crate::supervisor::signals::signal_by_name;
use crate::supervisor::snapshot::ExitStatus;
use crate::system::proc::parent_of;
use crate::system::{is_bindable, port_holder};

/// Log lines that are kept with an exit.
const TAIL: usize = 10;

impl Supervisor {
    /// Does one thing; news of it may be there at once.
    pub(super) fn act(&mut self, action: Action) -> Option<(String, u64, News)> {
        match action {
            Action::Start { name, run } => {
                let news = self.start(&name, run);
                Some((name, run, news))
            }
            Action::Probe { name, run, kind } => {
                self.probe(name, run, kind);
                None
            }
            Action::Inspect { name, run } => {
                let ports = listening_ports(&self.trees.members(&name, self.leaders.get(&name)));
                Some((name, run, News::Listening(ports)))
            }
            Action::StopTree { name, run, ports } => {
                self.stop_tree(name, run, ports);
                None
            }
        }
    }

    fn start(&mut self, name: &str, run: u64) -> News {
        let Some(spec) = self.machine.definition(name).map(|definition| definition.spec.clone()) else {
            return News::NotStarted("it is not defined".to_owned());
        };
        for port in spec.ports.iter().filter(|port| !is_bindable(**port)) {
            if let Some(holder) = port_holder(*port) {
                return News::PortTaken(*port, holder);
            }
        }
        let mapping = self.mapping();
        let program = Program {
            command: &spec.command,
            working_dir: &spec.working_dir,
            environment: &self.environment(name, &spec),
            run_as: spec.run_as.as_ref(),
            streams: Streams::of(&spec),
            marker: self.trees.inherited_marker(name),
            mapping: mapping.as_ref(),
        };
        let spawned = match program.spawn() {
            Ok(spawned) => spawned,
            Err(why) => return News::NotStarted(why),
        };
        let identity = spawned.identity.clone();
        let at_ms = jiff::Timestamp::now().as_millisecond();
        // it runs only once the guardian knows it
        let told = ToGuardian::Spawned { name: name.to_owned(), run, identity: identity.clone(), started_at_ms: at_ms };
        self.tell(&told, &spawned.pipes.iter().map(AsFd::as_fd).collect::<Vec<_>>());
        let (pidfd, pipes) = spawned.release();
        let entry =
            Entry { name: name.to_owned(), run, identity: identity.clone(), started_at_ms: at_ms, exit: None, pipes };
        match self.watch(entry, pidfd, None) {
            Ok(()) => News::Started { identity, at_ms },
            Err(error) => News::NotStarted(format!("cannot watch it: {error}")),
        }
    }

    /// Takes over a process of a former supervisor.
    pub(super) fn adopt(&mut self, entry: Entry) -> std::io::Result<()> {
        use rustix::process::{Pid, PidfdFlags, pidfd_open};
        let guardian = self.handover.guardian.as_ref().map(|identity| identity.pid);
        let pid = Pid::from_raw(entry.identity.pid.cast_signed()).ok_or(std::io::ErrorKind::InvalidData)?;
        let pidfd = pidfd_open(pid, PidfdFlags::NONBLOCK).ok().filter(|_| entry.identity.is_alive());
        // one that is gone already was reaped by the guardian, if that has had all orphans
        let gone_to_guardian = pidfd.is_none() && self.handover.complete;
        let guardians_child = gone_to_guardian || parent_of(entry.identity.pid) == guardian;
        // a pid that is gone, or another process's by now, counts as ended: the descriptor in its place is readable
        let pidfd = match pidfd {
            Some(pidfd) => pidfd,
            None => {
                rustix::event::eventfd(1, rustix::event::EventfdFlags::CLOEXEC | rustix::event::EventfdFlags::NONBLOCK)?
            }
        };
        self.watch(entry, pidfd, Some(guardians_child))
    }

    /// The log of a process.
    pub(super) fn writer(&mut self, name: &str) -> Rc<RefCell<Writer>> {
        let directory = logs_in(&self.handover.directory);
        let has_terminal = self.machine.definition(name).is_some_and(|definition| definition.spec.tty);
        let limits = if has_terminal { Limits::TERMINAL } else { Limits::default() };
        let writer = self.writers.entry(name.to_owned());
        writer.or_insert_with(|| Rc::new(RefCell::new(Writer::new(&directory, name, limits)))).clone()
    }

    /// Reads its pipes and waits for its end. Of a run of a former supervisor `adopted` says whether the guardian is
    /// its parent.
    fn watch(&mut self, entry: Entry, pidfd: std::os::fd::OwnedFd, adopted: Option<bool>) -> std::io::Result<()> {
        let (name, run) = (entry.name.clone(), entry.run);
        let writer = self.writer(&name);
        let spec = self.machine.definition(&name).map(|definition| &definition.spec);
        let terminal = spec.filter(|spec| spec.tty).map(|spec| match adopted {
            Some(_) => Terminal::resume(&self.handover.directory, &name),
            None => Terminal::new(Streams::of(spec).size(), &mut writer.borrow_mut()),
        });
        let output = Output::new(writer, spec, terminal);
        for (pipe, stream) in entry.pipes.iter().zip([Stream::Stdout, Stream::Stderr]) {
            let copied = pump(output.clone(), pipe.try_clone()?, stream, name.clone(), run, self.sender.clone());
            let (name, sender) = (name.clone(), self.sender.clone());
            spawn_local(async move {
                copied.await;
                let _ = sender.send(Message::Silent { name, run });
            });
        }
        spawn_local(outcome::watch(pidfd.try_clone()?, name.clone(), run, self.sender.clone()));
        self.leaders.insert(name.clone(), entry.identity.clone());
        let watched = Run {
            identity: entry.identity.clone(),
            pidfd,
            output,
            open_pipes: entry.pipes.len(),
            ended: false,
            guardians_child: adopted == Some(true),
            adopted: adopted.is_some(),
        };
        self.runs.insert((name, run), watched);
        self.handover.ledger.push(entry);
        Ok(())
    }

    fn probe(&self, name: String, run: u64, kind: ProbeKind) {
        let Some(spec) = self.machine.definition(&name).map(|definition| definition.spec.clone()) else { return };
        let probe = match kind {
            ProbeKind::Readiness => readiness_of(&spec),
            ProbeKind::Liveness => spec.liveness_probe.clone(),
        };
        let Some(probe) = probe else { return };
        let environment = self.environment(&name, &spec);
        let (marker, mapping) = (self.trees.inherited_marker(&name), self.mapping());
        let sender = self.sender.clone();
        spawn_local(async move {
            let program = Program {
                command: &[],
                working_dir: &spec.working_dir,
                environment: &environment,
                run_as: spec.run_as.as_ref(),
                streams: Streams::None,
                marker,
                mapping: mapping.as_ref(),
            };
            let outcome = probe::ask(&probe, program, &spec.ports).await;
            let _ = sender.send(Message::News { name, run, news: News::Probed { kind, outcome } });
        });
    }

    fn stop_tree(&self, name: String, run: u64, ports: Vec<u16>) {
        let stop =
            self.machine.definition(&name).map(|definition| definition.spec.shutdown.clone()).unwrap_or_default();
        let stop = TreeStop {
            trees: self.trees.clone(),
            leader: self.leaders.get(&name).cloned(),
            signal: signal_by_name(&stop.signal).unwrap_or(Signal::TERM),
            grace: Duration::try_from_secs_f64(stop.timeout_seconds).unwrap_or(Duration::from_secs(10)),
            ports,
            name: name.clone(),
        };
        let sender = self.sender.clone();
        spawn_local(async move {
            let left = stop.run().await;
            let news = News::TreeStopped { survivors: left.survivors, held: left.held };
            let _ = sender.send(Message::News { name, run, news });
        });
    }

    /// A leader has ended; finds out how.
    pub(super) fn ended(&mut self, name: &str, run: u64) {
        let Some(watched) = self.runs.get(&(name.to_owned(), run)) else { return };
        match outcome::look(&watched.pidfd) {
            Fate::Own(status) => {
                // the guardian hears of it before it is reaped: afterwards the status is gone
                self.tell(&ToGuardian::Exited { name: name.to_owned(), run, status }, &[]);
                outcome::reap(&watched.pidfd);
                self.exited(name, run, status);
            }
            // the guardian reaps it and tells
            Fate::Others if watched.guardians_child => {}
            Fate::Others => {
                let Ok(pidfd) = watched.pidfd.try_clone() else { return };
                let (name, sender) = (name.to_owned(), self.sender.clone());
                spawn_local(async move {
                    let status = outcome::of_a_stranger(&pidfd).await;
                    let _ = sender.send(Message::Fate { name, run, status });
                });
            }
        }
    }

    /// A leader has ended like this. Its last output is taken first.
    pub(super) fn exited(&mut self, name: &str, run: u64, mut status: ExitStatus) {
        let Some(watched) = self.runs.get_mut(&(name.to_owned(), run)) else { return };
        if std::mem::replace(&mut watched.ended, true) {
            return;
        }
        if watched.adopted && status.code == Some(NEVER_RAN) {
            self.hear(name, run, News::NeverRan);
            return self.forget_if_over(name, run);
        }
        let output = watched.output.clone();
        let entry = self.handover.entry(name, run);
        let news = entry.map_or_else(Vec::new, |entry| {
            entry.exit = Some(status);
            output.drain(&entry.pipes)
        });
        for news in news {
            self.hear(name, run, news);
        }
        let ours = self.machine.is_stopping(name);
        let killed = status.signal == Some(libc::SIGKILL) || status.code == Some(128 + libc::SIGKILL);
        status.out_of_memory = killed && !ours && self.memory.has_struck();
        let well = ours || status.code == Some(0);
        let tail = if well { Vec::new() } else { last_lines(&self.handover.directory, name, TAIL) };
        if !ours {
            let end = describe_exit(&status);
            say("supervisor", &format!("process `{name}` {end}"));
            let is_session = self.machine.definition(name).is_some_and(|it| it.spec.session.is_some());
            if status.code != Some(0) && !is_session {
                self.note_in_log(name, &end);
            }
        }
        let at_ms = jiff::Timestamp::now().as_millisecond();
        self.hear(name, run, News::Exited { status, at_ms, tail });
        self.forget_if_over(name, run);
    }

    /// Adds a line of harness's own to the log of a process.
    pub(super) fn note_in_log(&mut self, name: &str, text: &str) {
        self.writer(name).borrow_mut().note(text);
    }

    /// A pipe has ended.
    pub(super) fn silent(&mut self, name: &str, run: u64) {
        if let Some(watched) = self.runs.get_mut(&(name.to_owned(), run)) {
            watched.open_pipes = watched.open_pipes.saturating_sub(1);
            self.forget_if_over(name, run);
        }
    }

    fn forget_if_over(&mut self, name: &str, run: u64) {
        let key = (name.to_owned(), run);
        if self.runs.get(&key).is_some_and(|watched| watched.ended && watched.open_pipes == 0) {
            self.runs.remove(&key);
            self.handover.ledger.retain(|entry| entry.name != name || entry.run != run);
            self.over.push((name.to_owned(), run));
        }
    }

    pub(super) fn guardian_says(&mut self, message: ToSupervisor) {
        match message {
            ToSupervisor::Exited { name, run, status } => self.exited(&name, run, status),
            ToSupervisor::Terminate => self.shut_down(None),
            ToSupervisor::Ask => self.tell(&ToGuardian::Alive, &[]),
        }
    }

    /// Puts the config on disk in force.
    pub(super) fn reload(&mut self, restart_changed: bool, revive: bool) -> crate::supervisor::Result<()> {
        let spec = self.with_sessions(config::load(&self.handover.directory)?);
        self.spec = spec.clone();
        self.hand_spec_over();
        self.watch_files();
        self.handle(Event::Apply { spec: Box::new(spec), restart_changed, revive });
        Ok(())
    }
}
