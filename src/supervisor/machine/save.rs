//! The machine's state as it passes from a supervisor that died to the next.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::backoff::Jitter;
use super::event::Action;
use super::unit::{Next, Running, State, Unit};
use super::{Machine, Moment};
use crate::supervisor::spec::StackSpec;
use crate::system::ProcessIdentity;

/// Everything but the config.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Saved {
    generation: u64,
    jitter: Jitter,
    units: BTreeMap<String, Unit>,
    #[serde(default)]
    parked: Vec<String>,
}

/// A process that the guardian holds: the truth about what was started.
#[derive(Debug, Clone)]
pub(crate) struct Alive {
    pub(crate) name: String,
    pub(crate) run: u64,
    pub(crate) identity: ProcessIdentity,
    pub(crate) started_at_ms: i64,
}

impl Machine {
    /// The state to go on from.
    pub(crate) fn save(&self) -> Saved {
        Saved {
            generation: self.generation,
            jitter: self.jitter.clone(),
            units: self.units.clone(),
            parked: self.parked.clone(),
        }
    }

    /// Goes on where another machine was cut off at any moment. `alive` holds every run of which the
    /// guardian still knows, ended or not; a run that it does not know never began or is over.
    pub(crate) fn restore(spec: &StackSpec, saved: Option<Saved>, alive: &[Alive], now: Moment) -> (Self, Vec<Action>) {
        let mut machine = Self::new(spec, now.subsec_nanos().into());
        let fresh = saved.is_none();
        if let Some(saved) = saved {
            machine.generation = saved.generation + 1;
            machine.jitter = saved.jitter;
            machine.units.extend(saved.units);
            machine.parked = saved.parked;
        }
        for process in alive {
            machine.recognise(now, process, fresh);
        }
        let known = |name: &str, run| alive.iter().any(|it| it.name == name && it.run == run);
        for name in machine.units.keys().cloned().collect::<Vec<_>>() {
            machine.resume(now, &name, &known);
        }
        if fresh {
            machine.start(&[]);
        }
        machine.reconcile(now);
        let actions = std::mem::take(&mut machine.actions);
        (machine, actions)
    }

    /// A run that exists although the saved state may not know it yet.
    fn recognise(&mut self, now: Moment, process: &Alive, fresh: bool) {
        let unit = self.units.entry(process.name.clone()).or_insert_with(Unit::new);
        if process.run < unit.run {
            return;
        }
        let unknown = process.run > unit.run || matches!(unit.state, State::Launching | State::Waiting);
        if unknown || fresh {
            unit.run = process.run;
            unit.wanted = true;
            unit.process = Some(process.identity.clone());
            unit.started_at_ms = Some(process.started_at_ms);
            if let Some(definition) = self.definitions.get(&process.name) {
                unit.digest.clone_from(&definition.digest);
                unit.state = State::Running(Running::new(now, &definition.spec, unit.failures));
            }
        }
    }

    /// What was under way when the former machine was cut off is begun again.
    fn resume(&mut self, now: Moment, name: &str, known: &dyn Fn(&str, u64) -> bool) {
        if !self.definitions.contains_key(name) {
            return self.stop_tree(now, name, Next::Remove);
        }
        let Some(unit) = self.units.get_mut(name) else { return };
        let run = unit.run;
        match &mut unit.state {
            State::Launching => unit.state = State::Waiting,
            State::Running(_) if !known(name, run) => {
                let nobody_saw = crate::supervisor::ExitStatus { code: None, signal: None, out_of_memory: false };
                let at_ms = jiff::Timestamp::now().as_millisecond();
                self.exited(now, name, (nobody_saw, at_ms), Vec::new());
            }
            State::Running(running) => {
                for probe in [&mut running.readiness, &mut running.liveness].into_iter().flatten() {
                    probe.next.get_or_insert(now);
                }
            }
            State::Stopping { ports, .. } => {
                let ports = ports.clone();
                self.actions.push(Action::StopTree { name: name.to_owned(), run, ports });
            }
            _ => {}
        }
    }
}
