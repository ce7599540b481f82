//! The machine itself: an event comes in, the state changes, actions come out.

use std::collections::BTreeMap;

use super::backoff::Jitter;
use super::event::{Action, Event, News};
use super::moment::Moment;
use super::unit::{Definition, State, Unit};
use crate::supervisor::spec::StackSpec;

/// The decisions of one stack.
pub(crate) struct Machine {
    pub(super) generation: u64,
    pub(super) jitter: Jitter,
    pub(super) definitions: BTreeMap<String, Definition>,
    pub(super) units: BTreeMap<String, Unit>,
    pub(super) actions: Vec<Action>,
    /// What a wake starts; empty unless the stack is parked.
    pub(super) parked: Vec<String>,
}

impl Machine {
    /// A machine for a stack of which nothing runs.
    pub(crate) fn new(spec: &StackSpec, seed: u64) -> Self {
        let mut machine = Self {
            generation: 1,
            jitter: Jitter::new(seed),
            definitions: BTreeMap::new(),
            units: BTreeMap::new(),
            actions: Vec::new(),
            parked: Vec::new(),
        };
        machine.define(spec);
        machine
    }

    /// Takes an event; returns what is to be done, in order.
    pub(crate) fn handle(&mut self, now: Moment, event: Event) -> Vec<Action> {
        match event {
            Event::Tick => self.tick(now),
            Event::Start(names) => {
                self.end_parking(&names);
                self.start(&names);
            }
            Event::Stop(names) => {
                self.end_parking(&names);
                self.stop(now, &names);
            }
            Event::Restart(names) => {
                // what is parked runs again, as what runs does
                if names.is_empty() {
                    self.wake();
                }
                self.end_parking(&names);
                self.restart(now, &names);
            }
            Event::Park => self.park(now),
            Event::Wake => self.wake(),
            Event::Apply { spec, restart_changed, revive } => self.apply(now, &spec, restart_changed, revive),
            Event::FilesChanged(name) => self.files_changed(now, &name),
            Event::FilesUnwatched(name, problem) => self.change(&name, |unit| unit.watch_problem = problem),
            Event::News { name, run, news } => self.news(now, &name, run, news),
        }
        self.reconcile(now);
        std::mem::take(&mut self.actions)
    }

    /// When a tick is wanted at the latest.
    pub(crate) fn deadline(&self) -> Option<Moment> {
        self.units.values().filter_map(Unit::deadline).min()
    }

    /// Grows with every change that a snapshot would show.
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// What the config says of a process.
    pub(crate) fn definition(&self, name: &str) -> Option<&Definition> {
        self.definitions.get(name)
    }

    /// Whether nothing runs and nothing is being ended.
    pub(crate) fn is_quiet(&self) -> bool {
        self.units
            .values()
            .all(|unit| !matches!(unit.state, State::Launching | State::Running(_) | State::Stopping { .. }))
    }

    pub(super) fn tick(&mut self, now: Moment) {
        for (name, unit) in &mut self.units {
            match &mut unit.state {
                State::Backoff { until } if *until <= now => {
                    unit.restarts += 1;
                    unit.state = State::Waiting;
                    self.generation += 1;
                }
                State::Running(running) => {
                    if running.stays_up_at.is_some_and(|at| at <= now)
                        && let Some(definition) = self.definitions.get(name)
                    {
                        running.became_ready(now, &definition.spec);
                        unit.reason = None;
                        self.generation += 1;
                    }
                    for kind in running.due(now) {
                        self.actions.push(Action::Probe { name: name.clone(), run: unit.run, kind });
                    }
                }
                _ => {}
            }
        }
    }

    pub(super) fn news(&mut self, now: Moment, name: &str, run: u64, news: News) {
        let Some(unit) = self.units.get(name) else { return };
        if unit.run != run {
            return;
        }
        match news {
            News::Started { identity, at_ms } => self.started(now, name, identity, at_ms),
            News::NotStarted(why) => self.not_started(now, name, why),
            News::NeverRan => self.never_ran(name),
            News::PortTaken(port, holder) => self.port_taken(name, port, holder),
            News::LogReady => self.log_ready(now, name),
            News::LogErrors(count) => self.change(name, |unit| unit.reported_errors = Some(count)),
            News::Lost(bytes) => self.change(name, |unit| unit.lost_log_bytes = bytes),
            News::Probed { kind, outcome } => self.probed(now, name, kind, &outcome),
            News::Listening(ports) => self.listening(name, ports),
            News::Exited { status, at_ms, tail } => self.exited(now, name, (status, at_ms), tail),
            News::TreeStopped { survivors, held } => self.tree_stopped(now, name, survivors, held),
        }
    }

    /// Changes a unit; the generation grows only when that shows.
    pub(super) fn change(&mut self, name: &str, change: impl FnOnce(&mut Unit)) {
        if let Some(unit) = self.units.get_mut(name) {
            let before = unit.view(self.definitions.get(name));
            change(unit);
            if unit.view(self.definitions.get(name)) != before {
                self.generation += 1;
            }
        }
    }

    /// Changes what is known of a running process.
    pub(super) fn change_running(&mut self, name: &str, change: impl FnOnce(&mut super::unit::Running)) {
        self.change(name, |unit| {
            if let State::Running(running) = &mut unit.state {
                change(running);
            }
        });
    }
}
