//! What the answers of probes mean.

use std::time::Duration;

use super::decide::Machine;
use super::event::{Action, Outcome, ProbeKind};
use super::moment::Moment;
use super::schedule::{Schedule, readiness_of};
use super::unit::{Next, State};
use crate::supervisor::spec::ProbeCheckSpec;

/// Where a process listens instead is looked at no more often than this.
const INSPECTION: Duration = Duration::from_secs(1);

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
                Outcome::Pass if passes >= schedule.passes => schedule.pause_once_ready(passes),
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
                    if !ready || failures >= schedule.failures_once_ready() {
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
                ProbeCheckSpec::HttpGet { port, .. }
                | ProbeCheckSpec::TcpConnect { port, .. }
                | ProbeCheckSpec::Exchange { port, .. } => Some(port),
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
