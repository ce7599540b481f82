//! What users ask for: start, stop, restart, another config.

use std::collections::BTreeSet;

use super::unit::{Definition, Next, State, Unit};
use super::{Machine, Moment};
use crate::supervisor::config::process_digest;
use crate::supervisor::spec::{ProcessSpec, StackSpec};

impl Definition {
    pub(super) fn adopt_next(&mut self) {
        if let Some((spec, digest)) = self.next.take().map(|next| *next) {
            self.spec = spec;
            self.digest = digest;
        }
    }
}

impl Machine {
    /// Takes processes in, without starting any.
    pub(super) fn define(&mut self, spec: &StackSpec) {
        for (name, process) in &spec.processes {
            let digest = process_digest(spec, name);
            self.definitions.insert(name.clone(), Definition { spec: process.clone(), digest, next: None });
            self.units.entry(name.clone()).or_insert_with(Unit::new);
        }
    }

    pub(super) fn start(&mut self, names: &[String]) {
        let everything = names.is_empty();
        let mut meant: BTreeSet<String> = names.iter().filter(|name| self.units.contains_key(*name)).cloned().collect();
        if everything {
            let enabled = self.definitions.iter().filter(|(_, it)| !it.spec.disabled);
            meant.extend(enabled.map(|(name, _)| name.clone()));
        } else {
            self.add_dependencies(&mut meant);
        }
        for name in meant {
            let again = names.contains(&name);
            let Some(unit) = self.units.get_mut(&name) else { continue };
            unit.wanted = true;
            match &mut unit.state {
                State::Completed if !again => {}
                State::Idle
                | State::Stopped
                | State::Failed
                | State::PortConflict
                | State::Completed
                | State::Backoff { .. } => {
                    unit.failures = 0;
                    unit.state = State::Waiting;
                }
                State::Stopping { next: next @ Next::Stop, .. } => *next = Next::Start,
                _ => {}
            }
            self.generation += 1;
        }
    }

    fn add_dependencies(&self, names: &mut BTreeSet<String>) {
        let mut open: Vec<String> = names.iter().cloned().collect();
        while let Some(name) = open.pop() {
            let dependencies = self.definitions.get(&name).map(|it| it.spec.depends_on.keys());
            for dependency in dependencies.into_iter().flatten() {
                let enabled = self.definitions.get(dependency).is_some_and(|it| !it.spec.disabled);
                if enabled && names.insert(dependency.clone()) {
                    open.push(dependency.clone());
                }
            }
        }
    }

    pub(super) fn stop(&mut self, now: Moment, names: &[String]) {
        let meant = self.meant(names);
        for name in &meant {
            let Some(unit) = self.units.get_mut(name) else { continue };
            unit.wanted = false;
            self.generation += 1;
            match &mut unit.state {
                State::Waiting | State::Backoff { .. } | State::Failed | State::PortConflict => {
                    unit.reason = None;
                    unit.hopeless = false;
                    unit.state = State::Stopped;
                }
                // it may have left processes running
                State::Completed | State::Launching => self.stop_tree(now, name, Next::Stop),
                State::Stopping { next: next @ (Next::Start | Next::Decide), .. } => *next = Next::Stop,
                // dependants first: `reconcile` ends it
                State::Running(_) => unit.reason = None,
                _ => {}
            }
        }
    }

    pub(super) fn restart(&mut self, now: Moment, names: &[String]) {
        for name in self.meant(names) {
            let explicit = names.contains(&name);
            let Some(unit) = self.units.get_mut(&name) else { continue };
            if !explicit && (!unit.wanted || unit.state == State::Completed) {
                continue;
            }
            unit.wanted = true;
            unit.failures = 0;
            self.generation += 1;
            self.begin_again(now, &name, None);
        }
    }

    pub(super) fn files_changed(&mut self, now: Moment, name: &str) {
        if let Some(unit) = self.units.get_mut(name)
            && unit.wanted
        {
            unit.failures = 0;
            self.begin_again(now, name, Some("its files changed"));
        }
    }

    /// Starts what does not run, and restarts what does.
    fn begin_again(&mut self, now: Moment, name: &str, reason: Option<&str>) {
        let Some(unit) = self.units.get_mut(name) else { return };
        match &mut unit.state {
            State::Running(_) | State::Launching | State::Completed => {
                unit.reason = reason.map(str::to_owned);
                self.stop_tree(now, name, Next::Start);
            }
            State::Stopping { next: Next::Remove, .. } => {}
            State::Stopping { next, .. } => *next = Next::Start,
            _ => {
                unit.state = State::Waiting;
                self.generation += 1;
            }
        }
    }

    fn meant(&self, names: &[String]) -> Vec<String> {
        self.units.keys().filter(|name| names.is_empty() || names.contains(name)).cloned().collect()
    }

    pub(super) fn apply(&mut self, now: Moment, spec: &StackSpec, restart_changed: bool, revive: bool) {
        let gone: Vec<String> = self.units.keys().filter(|name| !spec.processes.contains_key(*name)).cloned().collect();
        for name in gone {
            self.remove(now, &name);
        }
        for (name, process) in &spec.processes {
            let digest = process_digest(spec, name);
            if process.session.is_some() && self.definitions.contains_key(name) {
                // it is started once, with what it was given then
            } else if self.definitions.contains_key(name) {
                self.redefine(now, name, process, digest, restart_changed);
            } else {
                self.definitions.insert(name.clone(), Definition { spec: process.clone(), digest, next: None });
                let mut unit = Unit::new();
                if !process.disabled {
                    unit.wanted = true;
                    unit.state = State::Waiting;
                }
                self.units.insert(name.clone(), unit);
                self.generation += 1;
            }
        }
        if revive {
            self.end_parking(&[]);
            self.start(&[]);
        }
    }

    fn redefine(&mut self, now: Moment, name: &str, process: &ProcessSpec, digest: String, restart: bool) {
        let (Some(unit), Some(known)) = (self.units.get_mut(name), self.definitions.get_mut(name)) else { return };
        let was_switched_on = known.spec.disabled && !process.disabled;
        let runs = matches!(unit.state, State::Launching | State::Running(_) | State::Stopping { .. });
        let changed = if runs { unit.digest != digest } else { known.digest != digest };
        if known.digest == digest {
            known.next = None;
        } else {
            known.next = Some(Box::new((process.clone(), digest)));
        }
        if !runs {
            known.adopt_next();
        }
        if changed {
            self.generation += 1;
        }
        if was_switched_on && unit.state == State::Idle {
            unit.wanted = true;
            unit.state = State::Waiting;
        } else if changed && restart && unit.wanted {
            unit.failures = 0;
            self.begin_again(now, name, Some("its configuration changed"));
        }
    }

    fn remove(&mut self, now: Moment, name: &str) {
        let Some(unit) = self.units.get_mut(name) else { return };
        unit.wanted = false;
        match &mut unit.state {
            State::Launching | State::Running(_) | State::Completed => self.stop_tree(now, name, Next::Remove),
            State::Stopping { next, .. } => *next = Next::Remove,
            _ => {
                self.units.remove(name);
                self.definitions.remove(name);
                self.generation += 1;
            }
        }
    }
}
