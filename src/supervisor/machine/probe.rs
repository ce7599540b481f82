//! When a process is asked whether it is well, and what its answers mean.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::event::{Action, Outcome, ProbeKind};
use super::unit::{Next, State, readiness_of};
use super::{Machine, Moment};
use crate::supervisor::spec::{ProbeCheckSpec, ProbeSpec};

/// A ready process is asked no more often than this.
const CALM: Duration = Duration::from_secs(2);

/// The first pause between questions to a process that is not ready yet. An `exec` probe costs a process
/// each time and begins slower.
const EAGER: Duration = Duration::from_millis(5);
const EAGER_EXEC: Duration = Duration::from_millis(100);

/// Where a process listens instead is looked at no more often than this.
const INSPECTION: Duration = Duration::from_secs(1);

/// A probe's state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct ProbeState {
    /// When it asks next; `None` while it is under way.
    pub(super) next: Option<Moment>,
    pub(super) attempts: u32,
    pub(super) passes: u32,
    pub(super) failures: u32,
}

impl ProbeState {
    pub(super) fn at(next: Moment) -> Self {
        Self { next: Some(next), attempts: 0, passes: 0, failures: 0 }
    }

    fn count(&mut self, outcome: &Outcome) {
        self.attempts += 1;
        if *outcome == Outcome::Pass {
            self.passes += 1;
            self.failures = 0;
        } else {
            self.failures += 1;
            self.passes = 0;
        }
    }
}

/// A probe's times and thresholds.
pub(super) struct Schedule {
    pub(super) delay: Duration,
    pub(super) period: Duration,
    eager: Duration,
    passes: u32,
    failures: u32,
}

impl Schedule {
    pub(super) fn of(probe: &ProbeSpec) -> Self {
        let seconds = |value: f64| Duration::try_from_secs_f64(value).unwrap_or_default();
        let exec = matches!(probe.check, ProbeCheckSpec::Exec { .. });
        Self {
            delay: seconds(probe.initial_delay_seconds),
            period: seconds(probe.period_seconds).max(Duration::from_millis(20)),
            eager: if exec { EAGER_EXEC } else { EAGER },
            passes: probe.success_threshold.max(1),
            failures: probe.failure_threshold.max(1),
        }
    }

    /// The pause before the next question to a process that is not ready yet.
    fn pause_before_ready(&self, attempts: u32) -> Duration {
        (self.eager * 2_u32.pow(attempts.saturating_sub(1).min(12))).min(self.period)
    }

    /// How long a process may take to become ready.
    fn patience(&self) -> Duration {
        self.delay + self.period * self.failures
    }
}

impl Machine {
    pub(super) fn probed(&mut self, now: Moment, name: &str, kind: ProbeKind, outcome: &Outcome) {
        match kind {
            ProbeKind::Readiness => self.readiness_probed(now, name, outcome),
            ProbeKind::Liveness => self.liveness_probed(now, name, outcome),
        }
    }

    fn readiness_probed(&mut self, now: Moment, name: &str, outcome: &Outcome) {
        let Some(spec) = self.definitions.get(name).map(|definition| definition.spec.clone()) else { return };
        let Some(schedule) = readiness_of(&spec).map(|probe| Schedule::of(&probe)) else { return };
        let mut inspect = None;
        self.change(name, |unit| {
            let run = unit.run;
            let State::Running(running) = &mut unit.state else { return };
            let Some(probe) = &mut running.readiness else { return };
            probe.count(outcome);
            let (passes, failures, attempts) = (probe.passes, probe.failures, probe.attempts);
            let ready = running.ready_since.is_some();
            let pause = match outcome {
                Outcome::Pass if passes >= schedule.passes => schedule.period.max(CALM),
                _ if ready || running.was_ready => schedule.period,
                _ => schedule.pause_before_ready(attempts),
            };
            probe.next = Some(now + pause);
            match outcome {
                Outcome::Pass => {
                    running.listens_on.clear();
                    if passes >= schedule.passes && (!running.needs_log || running.log_ready) {
                        unit.reason = None;
                        if !ready {
                            running.became_ready(now, &spec);
                        }
                    } else if running.needs_log && !running.log_ready {
                        unit.reason = Some("its ready_log_line has not appeared".to_owned());
                    }
                }
                Outcome::Fail { reason, refused } => {
                    if !ready || failures >= schedule.failures {
                        running.ready_since = None;
                        let age = now.saturating_sub(running.since);
                        unit.reason = Some(if !running.was_ready && age > schedule.patience() {
                            format!("not ready after {} s: {reason}", age.as_secs())
                        } else {
                            reason.clone()
                        });
                        if *refused && now >= running.inspect_at {
                            running.inspect_at = now + INSPECTION;
                            inspect = Some(run);
                        }
                    }
                }
            }
        });
        self.actions.extend(inspect.map(|run| Action::Inspect { name: name.to_owned(), run }));
    }

    fn liveness_probed(&mut self, now: Moment, name: &str, outcome: &Outcome) {
        let spec = self.definitions.get(name).and_then(|definition| definition.spec.liveness_probe.as_ref());
        let Some(schedule) = spec.map(Schedule::of) else { return };
        let Some(unit) = self.units.get_mut(name) else { return };
        let State::Running(running) = &mut unit.state else { return };
        let Some(probe) = &mut running.liveness else { return };
        probe.count(outcome);
        probe.next = Some(now + schedule.period);
        if let (Outcome::Fail { reason, .. }, true) = (outcome, probe.failures >= schedule.failures) {
            unit.reason = Some(format!("liveness probe failed: {reason}"));
            self.stop_tree(now, name, Next::Decide);
        }
    }

    pub(super) fn listening(&mut self, name: &str, ports: Vec<u16>) {
        let wanted = self.definitions.get(name).and_then(|definition| {
            let readiness = readiness_of(&definition.spec)?;
            match readiness.check {
                ProbeCheckSpec::HttpGet { port, .. } | ProbeCheckSpec::TcpConnect { port, .. } => Some(port),
                ProbeCheckSpec::Exec { .. } => None,
            }
        });
        let elsewhere = if wanted.is_some_and(|port| ports.contains(&port)) { Vec::new() } else { ports };
        self.change_running(name, |running| {
            if !running.is_ready() {
                running.listens_on = elsewhere;
            }
        });
    }
}
