//! Whether a process's dependencies allow its start.

use super::Machine;
use super::exit::describe;
use super::unit::{Next, State, Unit};
use crate::supervisor::spec::ConditionSpec;

/// What a dependency says to its dependant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Met,
    /// Not yet, for this reason.
    Wait(String),
    /// Not as things are, for this reason. It is looked at again when they change.
    Hopeless(String),
}

impl Machine {
    /// The verdict of all dependencies together: the first hopeless one, else the first that is waited for.
    pub(super) fn dependencies_of(&self, name: &str) -> Verdict {
        let Some(definition) = self.definitions.get(name) else { return Verdict::Met };
        let mut waiting = None;
        for (dependency, on) in &definition.spec.depends_on {
            match self.verdict(dependency, on.condition) {
                Verdict::Met => {}
                hopeless @ Verdict::Hopeless(_) => return hopeless,
                wait @ Verdict::Wait(_) => waiting = waiting.or(Some(wait)),
            }
        }
        waiting.unwrap_or(Verdict::Met)
    }

    /// What one dependency says.
    pub(super) fn verdict(&self, name: &str, condition: ConditionSpec) -> Verdict {
        let Some(unit) = self.units.get(name) else {
            return Verdict::Hopeless(format!("its dependency `{name}` does not exist"));
        };
        let waiting = || Verdict::Wait(format!("waiting for `{name}` to {}", aim(condition)));
        match &unit.state {
            State::Running(running) if unit.wanted => {
                let met = match condition {
                    ConditionSpec::ProcessStarted => true,
                    ConditionSpec::ProcessHealthy => running.is_ready(),
                    ConditionSpec::ProcessLogReady => running.log_ready || (!running.needs_log && running.is_ready()),
                    ConditionSpec::ProcessCompletedSuccessfully => false,
                };
                if met { Verdict::Met } else { waiting() }
            }
            State::Waiting if unit.hopeless => Verdict::Hopeless(format!(
                "its dependency `{name}` cannot start: {}",
                unit.reason.as_deref().unwrap_or("a dependency of its own failed")
            )),
            State::Waiting | State::Launching | State::Running(_) => waiting(),
            State::Stopping { next: Next::Remove, .. } => {
                Verdict::Hopeless(format!("its dependency `{name}` is being removed"))
            }
            State::Stopping { .. } => Verdict::Wait(format!("waiting for `{name}`, which is being stopped")),
            State::Backoff { .. } => {
                Verdict::Wait(format!("waiting for `{name}`, which {} and is restarted", last_words(unit)))
            }
            State::Completed => match condition {
                ConditionSpec::ProcessStarted | ConditionSpec::ProcessCompletedSuccessfully => Verdict::Met,
                _ if unit.ended_ready => Verdict::Met,
                _ => Verdict::Hopeless(format!("its dependency `{name}` {} before it was ready", last_words(unit))),
            },
            State::Failed => Verdict::Hopeless(format!(
                "its dependency `{name}` failed: {}",
                if unit.last_exit.is_some() { last_words(unit) } else { unit.reason.clone().unwrap_or_default() }
            )),
            State::PortConflict => Verdict::Hopeless(format!(
                "its dependency `{name}` failed: {}",
                unit.reason.as_deref().unwrap_or("its port is in use")
            )),
            State::Stopped => Verdict::Hopeless(format!("its dependency `{name}` is stopped")),
            State::Idle => Verdict::Hopeless(format!("its dependency `{name}` is disabled")),
        }
    }
}

fn aim(condition: ConditionSpec) -> &'static str {
    match condition {
        ConditionSpec::ProcessStarted => "be started",
        ConditionSpec::ProcessHealthy => "be healthy",
        ConditionSpec::ProcessLogReady => "log its ready line",
        ConditionSpec::ProcessCompletedSuccessfully => "complete",
    }
}

/// How a process ended, with its last log lines.
fn last_words(unit: &Unit) -> String {
    let how = unit.last_exit.as_ref().map_or_else(|| "ended".to_owned(), describe);
    let from = unit.tail.len().saturating_sub(3);
    if unit.tail.is_empty() {
        return how;
    }
    let lines: Vec<String> = unit.tail[from..].iter().map(|line| format!("`{}`", line.trim_end())).collect();
    format!("{how} (last lines: {})", lines.join(", "))
}
