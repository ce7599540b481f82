//! When a process is asked whether it is well.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::event::Outcome;
use super::moment::Moment;
use crate::supervisor::spec::{ProbeCheckSpec, ProbeSpec, ProcessSpec};

/// The pause after a ready process has passed; it doubles with each further pass.
const CALM: Duration = Duration::from_secs(2);
/// No pause is longer, unless the probe's own period is.
const CALMEST: Duration = Duration::from_secs(30);

/// The first pause between questions to a process that is not ready yet. An `exec` probe costs a process
/// each time and begins slower.
const EAGER: Duration = Duration::from_millis(5);
const EAGER_EXEC: Duration = Duration::from_millis(100);

/// A process that was ready may fail so often in a row: the long allowance of a slow start is not one for a process that
/// has stopped answering.
const FAILURES_ONCE_READY: u32 = 3;

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

    pub(super) fn count(&mut self, outcome: &Outcome) {
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
    pub(super) passes: u32,
    pub(super) failures: u32,
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
    pub(super) fn pause_before_ready(&self, attempts: u32) -> Duration {
        (self.eager * 2_u32.pow(attempts.saturating_sub(1).min(12))).min(self.period)
    }

    /// The pause before the next question to a process that is ready.
    pub(super) fn pause_once_ready(&self, passes: u32) -> Duration {
        (CALM * 2_u32.pow(passes.saturating_sub(self.passes).min(5))).min(CALMEST).max(self.period)
    }

    /// Failures in a row after which a process that was ready is not any more.
    pub(super) fn failures_once_ready(&self) -> u32 {
        self.failures.min(FAILURES_ONCE_READY)
    }

    /// How long a process may take to become ready.
    pub(super) fn patience(&self) -> Duration {
        self.delay + self.period * self.failures
    }
}

/// How long a process without a probe must stay up to count as ready. A program that cannot work (a missing module, a
/// wrong option) ends within its first second, so that a shorter time would call it ready; a launch waits this long
/// for a process without a probe, so that a longer one would cost every launch. After a failure the proof takes
/// longer, because a crash loop must not show as ready in between.
pub(super) fn time_to_prove(failures: u32) -> Duration {
    STAYS_UP.saturating_mul(1 << failures.min(4)).min(LONGEST_PROOF)
}

const STAYS_UP: Duration = Duration::from_secs(1);
const LONGEST_PROOF: Duration = Duration::from_secs(10);

/// How readiness is asked for. A process with ports and without a probe must listen on them: up and not
/// listening is not ready.
pub(crate) fn readiness_of(spec: &ProcessSpec) -> Option<ProbeSpec> {
    spec.readiness_probe.clone().or_else(|| {
        spec.ports.first().map(|port| ProbeSpec {
            check: ProbeCheckSpec::TcpConnect { host: None, port: *port },
            initial_delay_seconds: 0.0,
            period_seconds: 0.5,
            timeout_seconds: 1.0,
            success_threshold: 1,
            failure_threshold: 120,
        })
    })
}
