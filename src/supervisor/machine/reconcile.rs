//! What follows from the state of the others: starts that dependencies allow, stops in their order.

use super::dependencies::Verdict;
use super::event::Action;
use super::unit::{Next, State};
use super::{Machine, Moment};

impl Machine {
    /// Looks at every process until nothing moves any more.
    pub(super) fn reconcile(&mut self, now: Moment) {
        loop {
            let before = self.generation;
            let names: Vec<String> = self.units.keys().cloned().collect();
            for name in names {
                self.reconcile_one(now, &name);
            }
            if self.generation == before {
                return;
            }
        }
    }

    fn reconcile_one(&mut self, now: Moment, name: &str) {
        let Some(unit) = self.units.get(name) else { return };
        match &unit.state {
            State::Waiting => match self.dependencies_of(name) {
                Verdict::Met => self.launch(name),
                Verdict::Wait(reason) => self.wait(name, reason, false),
                Verdict::Hopeless(reason) => self.wait(name, reason, true),
            },
            State::Running(_) if !unit.wanted && !self.has_dependants_to_stop(name) => {
                self.stop_tree(now, name, Next::Stop);
            }
            State::Running(_) if unit.wanted && !unit.stale.is_empty() => {
                if let Some(reason) = self.return_of_stale(name) {
                    if let Some(unit) = self.units.get_mut(name) {
                        unit.reason = Some(reason);
                    }
                    self.stop_tree(now, name, Next::Start);
                }
            }
            _ => {}
        }
    }

    fn wait(&mut self, name: &str, reason: String, hopeless: bool) {
        self.change(name, |unit| {
            unit.reason = Some(reason);
            unit.hopeless = hopeless;
        });
    }

    fn launch(&mut self, name: &str) {
        let (Some(unit), Some(definition)) = (self.units.get_mut(name), self.definitions.get_mut(name)) else { return };
        definition.adopt_next();
        unit.run += 1;
        unit.digest.clone_from(&definition.digest);
        unit.state = State::Launching;
        unit.reason = None;
        unit.port_holder = None;
        unit.reported_errors = None;
        unit.survivors.clear();
        unit.stale.clear();
        unit.hopeless = false;
        unit.ended_ready = false;
        self.generation += 1;
        self.actions.push(Action::Start { name: name.to_owned(), run: unit.run });
    }

    /// Dependants that are to be stopped as well go first.
    fn has_dependants_to_stop(&self, name: &str) -> bool {
        self.definitions.iter().filter(|(_, it)| it.spec.depends_on.contains_key(name)).any(|(dependant, _)| {
            self.units.get(dependant).is_some_and(|unit| {
                !unit.wanted && matches!(unit.state, State::Launching | State::Running(_) | State::Stopping { .. })
            })
        })
    }

    /// Why a process restarts with its dependencies: all that went away are back.
    fn return_of_stale(&self, name: &str) -> Option<String> {
        let unit = self.units.get(name)?;
        let depends_on = &self.definitions.get(name)?.spec.depends_on;
        let back = |dependency: &String| {
            depends_on.get(dependency).is_none_or(|on| self.verdict(dependency, on.condition) == Verdict::Met)
        };
        let all = unit.stale.iter().all(back);
        all.then(|| {
            format!("restarts because `{}` restarted", unit.stale.iter().cloned().collect::<Vec<_>>().join("`, `"))
        })
    }
}
