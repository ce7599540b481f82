//! Starts that came about or did not, exits, and what follows them.

use std::time::Duration;

use super::address_in_use::refused_port;
use super::backoff::HEALTHY;
use super::event::Action;
use super::unit::{Next, Running, State};
use super::{Machine, Moment};
use crate::supervisor::signals::signal_name;
use crate::supervisor::snapshot::ExitStatus;
use crate::supervisor::spec::{ConditionSpec, RestartSpec};
use crate::system::{PortHolder, ProcessIdentity};

/// `exited with status 1`, `was killed by SIGSEGV`.
pub(crate) fn describe(exit: &ExitStatus) -> String {
    match (exit.code, exit.signal) {
        _ if exit.out_of_memory => "was killed because the machine ran out of memory".to_owned(),
        (Some(code), _) => format!("exited with status {code}"),
        (None, Some(signal)) => format!("was killed by {}", signal_name(signal)),
        (None, None) => "ended while no supervisor ran".to_owned(),
    }
}

fn is_success(exit: Option<&ExitStatus>) -> bool {
    exit.is_some_and(|exit| exit.code == Some(0))
}

/// A service that ends well within this time was probably not meant to end.
const EARLY: Duration = Duration::from_secs(5);

impl Machine {
    pub(super) fn started(&mut self, now: Moment, name: &str, identity: ProcessIdentity, at_ms: i64) {
        let Some(unit) = self.units.get_mut(name) else { return };
        unit.process = Some(identity);
        unit.started_at_ms = Some(at_ms);
        if let (State::Launching, Some(definition)) = (&unit.state, self.definitions.get(name)) {
            unit.state = State::Running(Running::new(now, &definition.spec, unit.failures));
        }
        self.generation += 1;
    }

    pub(super) fn not_started(&mut self, now: Moment, name: &str, why: String) {
        let Some(unit) = self.units.get_mut(name) else { return };
        unit.reason = Some(why);
        unit.last_exit = None;
        if unit.state == State::Launching {
            unit.state = State::Failed;
        } else {
            self.tree_stopped(now, name, Vec::new(), Vec::new());
        }
        self.generation += 1;
    }

    pub(super) fn never_ran(&mut self, name: &str) {
        let Some(unit) = self.units.get_mut(name) else { return };
        unit.process = None;
        if let State::Running(_) | State::Launching = unit.state {
            unit.state = if unit.wanted { State::Waiting } else { State::Stopped };
        }
        self.generation += 1;
    }

    pub(super) fn port_taken(&mut self, name: &str, port: u16, holder: PortHolder) {
        let Some(unit) = self.units.get_mut(name) else { return };
        unit.reason = Some(held_by(port, &holder));
        unit.port_holder = Some((port, holder));
        unit.state = State::PortConflict;
        self.generation += 1;
    }

    pub(super) fn log_ready(&mut self, now: Moment, name: &str) {
        let Some(spec) = self.definitions.get(name).map(|definition| definition.spec.clone()) else { return };
        self.change(name, |unit| {
            if let State::Running(running) = &mut unit.state {
                running.log_ready = true;
                if running.readiness.is_none() && !running.is_ready() {
                    running.became_ready(now, &spec);
                    unit.reason = None;
                } else if let Some(probe) = &mut running.readiness {
                    // the probe decides, at once
                    probe.next = probe.next.map(|_| now);
                }
            }
        });
    }

    pub(super) fn exited(&mut self, now: Moment, name: &str, (status, at_ms): (ExitStatus, i64), tail: Vec<String>) {
        let is_awaited = self.is_completion_awaited(name);
        let Some(unit) = self.units.get_mut(name) else { return };
        let policy = self.definitions.get(name).map(|it| it.spec.restart);
        let always = self.definitions.get(name).is_some_and(|it| it.spec.restart == RestartSpec::Always);
        unit.process = None;
        unit.last_exit = Some(status);
        unit.last_exit_at_ms = Some(at_ms);
        unit.tail = tail;
        self.generation += 1;
        match &unit.state {
            State::Running(_) | State::Launching if !unit.wanted => self.stop_tree(now, name, Next::Stop),
            State::Running(running) if status.code == Some(0) && !always => {
                // where nothing else says that it is ready, a good end does
                unit.ended_ready = running.is_ready() || running.stays_up_at.is_some();
                let lasted = now.saturating_sub(running.since);
                let is_early = lasted < EARLY && !is_awaited && policy != Some(RestartSpec::No);
                unit.reason = is_early.then(|| {
                    format!(
                        "exited with status 0 after {:.1} s; set `stdin = \"open\"` if it ends when its standard input \
                         does, or `restart = \"no\"` if it is meant to end",
                        lasted.as_secs_f64()
                    )
                });
                unit.state = State::Completed;
                self.dependants_become_stale(name);
            }
            State::Running(_) | State::Launching => {
                unit.reason = Some(format!("{}; ending its remaining processes", describe(&status)));
                self.stop_tree(now, name, Next::Decide);
            }
            _ => {}
        }
    }

    /// Whether another process waits for this one's good end.
    fn is_completion_awaited(&self, name: &str) -> bool {
        let condition = |it: &super::unit::Definition| it.spec.depends_on.get(name).map(|on| on.condition);
        self.definitions.values().any(|it| condition(it) == Some(ConditionSpec::ProcessCompletedSuccessfully))
    }

    /// Ends the tree of a process, and decides later.
    pub(super) fn stop_tree(&mut self, now: Moment, name: &str, next: Next) {
        let Some(unit) = self.units.get_mut(name) else { return };
        let mut ports = self.definitions.get(name).map_or_else(Vec::new, |it| it.spec.ports.clone());
        if let State::Running(Running { ready_since: Some(since), .. }) = &unit.state
            && now.saturating_sub(*since) >= HEALTHY
        {
            unit.failures = 0;
        }
        if next == Next::Decide && unit.process.is_none() {
            ports.extend(refused_port(&unit.tail).filter(|port| *port != 0 && !ports.contains(port)));
        }
        unit.state = State::Stopping { next, ports: ports.clone() };
        self.actions.push(Action::StopTree { name: name.to_owned(), run: unit.run, ports });
        self.generation += 1;
        self.dependants_become_stale(name);
    }

    /// Those who asked to be restarted with this dependency are, once it is back.
    fn dependants_become_stale(&mut self, name: &str) {
        for (dependant, unit) in &mut self.units {
            let asked = self.definitions.get(dependant).and_then(|it| it.spec.depends_on.get(name));
            if unit.is_running() && asked.is_some_and(|on| on.restart) {
                unit.stale.insert(name.to_owned());
            }
        }
    }

    pub(super) fn tree_stopped(
        &mut self,
        now: Moment,
        name: &str,
        survivors: Vec<ProcessIdentity>,
        held: Vec<(u16, PortHolder)>,
    ) {
        let Some(unit) = self.units.get_mut(name) else { return };
        let State::Stopping { next, .. } = unit.state else { return };
        unit.process = None;
        unit.survivors = survivors;
        unit.port_holder = held.into_iter().next();
        unit.stale.clear();
        self.generation += 1;
        match next {
            Next::Stop => {
                unit.reason = unit.port_holder.as_ref().map(|(port, holder)| held_by(*port, holder));
                unit.state = State::Stopped;
            }
            Next::Start => unit.state = State::Waiting,
            Next::Decide => self.decide(now, name),
            Next::Remove => {
                self.units.remove(name);
                self.definitions.remove(name);
            }
        }
    }

    fn decide(&mut self, now: Moment, name: &str) {
        let (Some(unit), Some(definition)) = (self.units.get_mut(name), self.definitions.get(name)) else { return };
        let success = is_success(unit.last_exit.as_ref());
        let how = match &unit.reason {
            Some(reason) if reason.starts_with("liveness") => reason.clone(),
            _ => unit.last_exit.as_ref().map_or_else(|| "ended".to_owned(), describe),
        };
        unit.reason = Some(how.clone());
        if !unit.wanted {
            unit.state = State::Stopped;
            return;
        }
        if let (Some((port, holder)), false) = (&unit.port_holder, success) {
            unit.reason = Some(format!("{how}: {}", held_by(*port, holder)));
            unit.state = State::PortConflict;
            return;
        }
        let policy = definition.spec.restart;
        if policy == RestartSpec::No || (success && policy == RestartSpec::OnFailure) {
            unit.state = if success { State::Completed } else { State::Failed };
            return;
        }
        unit.failures += 1;
        let most = definition.spec.max_restarts;
        if most > 0 && unit.failures > most {
            unit.reason = Some(format!("{how}; not restarted after {most} restarts in a row"));
            unit.state = State::Failed;
            return;
        }
        let pause = self.jitter.pause(unit.failures);
        unit.reason = Some(format!("{how}; restarts in {:.1} s", pause.as_secs_f64()));
        unit.state = State::Backoff { until: now + pause };
    }
}

pub(super) fn held_by(port: u16, holder: &PortHolder) -> String {
    match holder.pid {
        Some(pid) => format!("port {port} is in use by pid {pid} (`{}`)", holder.command),
        None => format!("port {port} is in use by a process of another user"),
    }
}
