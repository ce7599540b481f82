//! What a snapshot shows of the machine.

use std::collections::BTreeMap;

use super::Machine;
use super::unit::{Definition, State, Unit};
use crate::supervisor::config::combined_digest;
use crate::supervisor::snapshot::{Phase, ProcessSnapshot};

impl Unit {
    pub(super) fn view(&self, definition: Option<&Definition>) -> ProcessSnapshot {
        ProcessSnapshot {
            phase: self.phase(definition),
            process: self.process.clone(),
            started_at_ms: self.started_at_ms,
            restarts: self.restarts,
            last_exit: self.last_exit,
            last_exit_at_ms: self.last_exit_at_ms,
            ports: definition.map_or_else(Vec::new, |it| it.spec.ports.clone()),
            reported_errors: self.reported_errors,
            reason: self.view_reason(),
            port_holder: self.port_holder.clone(),
            lost_log_bytes: self.lost_log_bytes,
            survivors: self.survivors.clone(),
        }
    }

    fn phase(&self, definition: Option<&Definition>) -> Phase {
        match &self.state {
            State::Idle if definition.is_some_and(|it| it.spec.disabled) => Phase::Disabled,
            State::Idle | State::Stopped => Phase::Stopped,
            State::Waiting if self.hopeless => Phase::DependencyFailed,
            State::Waiting => Phase::Waiting,
            State::Stopping { .. } => Phase::Stopping,
            State::Running(_) if !self.wanted => Phase::Stopping,
            State::Running(running) if running.is_ready() => Phase::Ready,
            State::Running(running) if running.was_ready => Phase::Unhealthy,
            State::Running(running) if !running.listens_on.is_empty() => Phase::PortNotBound,
            State::Launching | State::Running(_) => Phase::Starting,
            State::Backoff { .. } => Phase::Backoff,
            State::Completed => Phase::Completed,
            State::Failed => Phase::Failed,
            State::PortConflict => Phase::PortConflict,
        }
    }

    fn view_reason(&self) -> Option<String> {
        let State::Running(running) = &self.state else { return self.reason.clone() };
        if !running.is_ready() && !running.listens_on.is_empty() {
            let ports: Vec<String> = running.listens_on.iter().map(ToString::to_string).collect();
            let why = self.reason.as_deref().unwrap_or("not on its own port");
            return Some(format!("it listens on {} instead: {why}", ports.join(", ")));
        }
        match self.reported_errors {
            Some(count) if count > 0 && running.is_ready() => {
                Some(format!("healthy with {count} error{}", if count == 1 { "" } else { "s" }))
            }
            _ => self.reason.clone().or_else(|| self.watch_problem.clone()),
        }
    }
}

impl Machine {
    /// Every process as a snapshot shows it.
    pub(crate) fn processes(&self) -> BTreeMap<String, ProcessSnapshot> {
        self.units.iter().map(|(name, unit)| (name.clone(), unit.view(self.definitions.get(name)))).collect()
    }

    /// Whether a process is being ended, so that what ends it is our own doing.
    pub(crate) fn is_stopping(&self, name: &str) -> bool {
        self.units.get(name).is_some_and(|unit| matches!(unit.state, State::Stopping { .. }))
    }

    /// Digest of what runs, or would run: equal to that of the config once nothing runs by an older one.
    pub(crate) fn digest(&self) -> String {
        let digest = |(name, definition): (&String, &Definition)| {
            let runs = self
                .units
                .get(name)
                .filter(|unit| matches!(unit.state, State::Launching | State::Running(_) | State::Stopping { .. }));
            (name.clone(), runs.map_or_else(|| definition.digest.clone(), |unit| unit.digest.clone()))
        };
        let rendered = self.definitions.iter().filter(|(_, it)| it.spec.session.is_none());
        combined_digest(&rendered.map(digest).collect())
    }
}
