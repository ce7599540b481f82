//! Sessions: processes with a terminal that commands add to a running stack, and terminals in general.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, OwnedFd};

use super::control::error;
use super::supervisor::Supervisor;
use crate::screen::Size;
use crate::supervisor::config;
use crate::supervisor::handover::Entry;
use crate::supervisor::logs;
use crate::supervisor::machine::Event;
use crate::supervisor::own_log::logs_in;
use crate::supervisor::protocol::Response;
use crate::supervisor::snapshot::{ProcessSnapshot, SessionSnapshot};
use crate::supervisor::spec::{ProcessSpec, StackSpec};

/// Sessions of one stack, those that have ended included.
const MOST: usize = 32;

impl Supervisor {
    /// Adds a session and starts it. Asked again, it says the same again.
    pub(super) fn start_session(&mut self, name: String, process: ProcessSpec) -> Response {
        let Some(wanted) = process.session.clone() else {
            return error("session.refused", format!("`{name}` is no session"));
        };
        if let Some(known) = self.spec.processes.get(&name) {
            let is_same = known.session.as_ref().is_some_and(|session| session.token == wanted.token);
            return if is_same {
                Response::Snapshot(Box::new(self.snapshot()))
            } else {
                error("session.taken", format!("there is a process `{name}` already"))
            };
        }
        let mut spec = self.spec.clone();
        spec.processes.insert(name.clone(), process);
        if let Err(problem) = config::check(&spec) {
            return error("session.refused", problem.to_string());
        }
        if !self.make_room() {
            return error("session.limit", format!("there are {MOST} sessions already, and all of them run"));
        }
        // what an ended session of this name, or a process that is gone, has left
        self.forget_log(&name);
        if let Some(process) = spec.processes.remove(&name) {
            self.spec.processes.insert(name.clone(), process);
        }
        self.put_in_force();
        self.handle(Event::Start(vec![name]));
        Response::Snapshot(Box::new(self.snapshot()))
    }

    /// Takes an ended session off the list.
    pub(super) fn remove_session(&mut self, name: &str) -> Response {
        if self.spec.processes.get(name).is_some_and(|process| process.session.is_some()) {
            self.spec.processes.remove(name);
            self.put_in_force();
            self.forget_log(name);
        }
        Response::Snapshot(Box::new(self.snapshot()))
    }

    /// Whether there is room for one more; the session that ended first makes it.
    fn make_room(&mut self) -> bool {
        let sessions = self.take_sessions(&mut self.machine.processes());
        if sessions.len() < MOST {
            return true;
        }
        let over = sessions.iter().filter(|(_, session)| session.is_over());
        let oldest = over.min_by_key(|(_, session)| session.process.last_exit_at_ms).map(|(name, _)| name.clone());
        oldest.is_some_and(|name| {
            self.remove_session(&name);
            true
        })
    }

    fn put_in_force(&mut self) {
        let spec = Box::new(self.spec.clone());
        self.hand_spec_over();
        self.handle(Event::Apply { spec, restart_changed: false, revive: false });
    }

    fn forget_log(&mut self, name: &str) {
        self.writers.remove(name);
        logs::remove(&logs_in(&self.handover.directory), name);
    }

    /// A config from disk, with the sessions that there are.
    pub(super) fn with_sessions(&self, mut spec: StackSpec) -> StackSpec {
        for (name, process) in self.spec.processes.iter().filter(|(_, process)| process.session.is_some()) {
            spec.processes.insert(name.clone(), process.clone());
        }
        spec
    }

    /// Moves the sessions out of all processes.
    pub(super) fn take_sessions(
        &self,
        processes: &mut BTreeMap<String, ProcessSnapshot>,
    ) -> BTreeMap<String, SessionSnapshot> {
        let definition = |name: &String| self.machine.definition(name).filter(|it| it.spec.session.is_some());
        let all = std::mem::take(processes);
        let (sessions, rest) = all.into_iter().partition::<BTreeMap<_, _>, _>(|(name, _)| definition(name).is_some());
        *processes = rest;
        let session = |(name, process): (String, ProcessSnapshot)| {
            let spec = &definition(&name)?.spec;
            let (command, working_dir) = (spec.command.clone(), spec.working_dir.clone());
            Some((name, SessionSnapshot { command, working_dir, process }))
        };
        sessions.into_iter().filter_map(session).collect()
    }

    /// The run of a process that has a terminal, and its master end.
    fn terminal_entry(&self, name: &str) -> Result<&Entry, Response> {
        let Some(definition) = self.machine.definition(name) else {
            return Err(error("process.unknown", format!("there is no process or session `{name}`")));
        };
        if !definition.spec.tty {
            return Err(error("terminal.none", format!("process `{name}` has no terminal")));
        }
        let runs = self.handover.ledger.iter().filter(|entry| entry.name == name && entry.exit.is_none());
        let none = || error("terminal.over", format!("`{name}` does not run"));
        runs.max_by_key(|entry| entry.run).filter(|entry| !entry.pipes.is_empty()).ok_or_else(none)
    }

    /// A copy of the master end of a terminal.
    pub(super) fn terminal(&self, name: &str) -> Result<OwnedFd, Response> {
        let copied = self.terminal_entry(name)?.pipes[0].try_clone();
        copied.map_err(|problem| error("terminal.over", problem.to_string()))
    }

    /// Gives a terminal another size.
    pub(super) fn resize(&mut self, name: &str, size: Size) -> Response {
        let (run, master) = match self.terminal_entry(name).map(|entry| (entry.run, entry.pipes[0].try_clone())) {
            Ok((run, Ok(master))) => (run, master),
            Ok((_, Err(problem))) => return error("terminal.over", problem.to_string()),
            Err(refusal) => return refusal,
        };
        let Some(watched) = self.runs.get(&(name.to_owned(), run)) else { return Response::Done };
        match watched.output.clone().resize(Size::of(size.columns, size.rows), master.as_fd()) {
            Ok(news) => {
                for news in news {
                    self.hear(name, run, news);
                }
                Response::Done
            }
            Err(problem) => error("terminal.over", problem.to_string()),
        }
    }
}
