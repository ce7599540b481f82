//! One process as the machine sees it.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::event::ProbeKind;
use super::moment::Moment;
use super::schedule::{ProbeState, Schedule, readiness_of, time_to_prove};
use crate::supervisor::snapshot::ExitStatus;
use crate::supervisor::spec::ProcessSpec;
use crate::system::{PortHolder, ProcessIdentity};

/// What the config says of a process.
#[derive(Debug, Clone)]
pub(crate) struct Definition {
    pub(crate) spec: ProcessSpec,
    /// Digest of the spec with its whole environment.
    pub(crate) digest: String,
    /// Takes this one's place at the next start.
    pub(super) next: Option<Box<(ProcessSpec, String)>>,
}

/// Where a process is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum State {
    /// Never started, or disabled.
    Idle,
    /// Its dependencies are looked at.
    Waiting,
    /// A start was asked for.
    Launching,
    /// It runs.
    Running(Running),
    /// Its tree is being ended.
    #[serde(alias = "Clearing")]
    Stopping { next: Next, ports: Vec<u16> },
    /// Starts again at that moment.
    Backoff { until: Moment },
    /// Ended because that was asked for.
    Stopped,
    /// Ended with status 0.
    Completed,
    /// Given up.
    Failed,
    /// Somebody has its port.
    PortConflict,
}

/// What comes after the tree is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Next {
    /// Nothing: it was asked to stop.
    Stop,
    /// A start: it was asked to restart, or a dependency came back, or its files changed.
    Start,
    /// It ended by itself, or had to be ended: the restart policy decides.
    Decide,
    /// It is not in the config any more.
    Remove,
}

/// What is known of a process that runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Running {
    pub(super) since: Moment,
    /// When it was last found ready; `None` while it is not.
    pub(super) ready_since: Option<Moment>,
    pub(super) was_ready: bool,
    /// Needs its `ready_log_line`, and it has not come.
    pub(super) needs_log: bool,
    pub(super) log_ready: bool,
    pub(super) readiness: Option<ProbeState>,
    pub(super) liveness: Option<ProbeState>,
    /// It listens here, and not on its own port.
    pub(super) listens_on: Vec<u16>,
    pub(super) inspect_at: Moment,
    /// When it is ready because it has stayed up; of a process that gives no other sign.
    #[serde(default)]
    pub(super) stays_up_at: Option<Moment>,
}

/// One process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Unit {
    pub(super) wanted: bool,
    pub(super) run: u64,
    pub(super) state: State,
    /// Digest of the definition that the present run was started with.
    pub(super) digest: String,
    pub(super) process: Option<ProcessIdentity>,
    pub(super) started_at_ms: Option<i64>,
    pub(super) restarts: u32,
    /// Failures in a row.
    pub(super) failures: u32,
    pub(super) last_exit: Option<ExitStatus>,
    /// Milliseconds since the epoch.
    #[serde(default)]
    pub(super) last_exit_at_ms: Option<i64>,
    /// Of its files something is not watched, or not yet.
    #[serde(default)]
    pub(super) watch_problem: Option<String>,
    /// Last log lines at the last exit.
    pub(super) tail: Vec<String>,
    pub(super) reported_errors: Option<u64>,
    pub(super) lost_log_bytes: u64,
    pub(super) reason: Option<String>,
    pub(super) port_holder: Option<(u16, PortHolder)>,
    pub(super) survivors: Vec<ProcessIdentity>,
    /// It was ready when it completed.
    pub(super) ended_ready: bool,
    /// Waiting is hopeless as things are: a dependency failed.
    pub(super) hopeless: bool,
    /// Dependencies that went away since it started, and with which it asked to be restarted.
    pub(super) stale: BTreeSet<String>,
}

impl Unit {
    pub(super) fn new() -> Self {
        Self {
            wanted: false,
            run: 0,
            state: State::Idle,
            digest: String::new(),
            process: None,
            started_at_ms: None,
            restarts: 0,
            failures: 0,
            last_exit: None,
            last_exit_at_ms: None,
            watch_problem: None,
            tail: Vec::new(),
            reported_errors: None,
            lost_log_bytes: 0,
            reason: None,
            port_holder: None,
            survivors: Vec::new(),
            ended_ready: false,
            hopeless: false,
            stale: BTreeSet::new(),
        }
    }

    pub(super) fn is_running(&self) -> bool {
        matches!(self.state, State::Running(_))
    }

    pub(super) fn deadline(&self) -> Option<Moment> {
        match &self.state {
            State::Backoff { until } => Some(*until),
            State::Running(running) if self.wanted => {
                let probes = [&running.readiness, &running.liveness].into_iter().flatten();
                probes.filter_map(|probe| probe.next).chain(running.stays_up_at).min()
            }
            _ => None,
        }
    }
}

impl Running {
    /// A run that began at `now`, after so many failures in a row.
    pub(super) fn new(now: Moment, spec: &ProcessSpec, failures: u32) -> Self {
        let readiness = readiness_of(spec).map(|probe| ProbeState::at(now + Schedule::of(&probe).delay));
        let needs_log = spec.ready_log_line.is_some();
        let gives_no_sign = readiness.is_none() && !needs_log;
        Self {
            since: now,
            ready_since: None,
            was_ready: false,
            needs_log,
            log_ready: false,
            readiness,
            liveness: None,
            listens_on: Vec::new(),
            inspect_at: now + Duration::from_secs(1),
            stays_up_at: gives_no_sign.then(|| now + time_to_prove(failures)),
        }
    }

    pub(super) fn is_ready(&self) -> bool {
        self.ready_since.is_some()
    }

    pub(super) fn became_ready(&mut self, now: Moment, spec: &ProcessSpec) {
        self.ready_since = Some(now);
        self.stays_up_at = None;
        self.listens_on.clear();
        if !self.was_ready {
            self.was_ready = true;
            self.liveness = spec.liveness_probe.as_ref().map(|probe| {
                let schedule = Schedule::of(probe);
                ProbeState::at(now + schedule.delay.max(schedule.period))
            });
        }
    }

    /// Probes whose time has come; they count as under way from now on.
    pub(super) fn due(&mut self, now: Moment) -> Vec<ProbeKind> {
        let mut due = Vec::new();
        for (kind, probe) in [(ProbeKind::Readiness, &mut self.readiness), (ProbeKind::Liveness, &mut self.liveness)] {
            if let Some(probe) = probe
                && probe.next.is_some_and(|at| at <= now)
            {
                probe.next = None;
                due.push(kind);
            }
        }
        due
    }
}
