//! The machine under simulated time: a world that answers its actions at once, and says what it asked for.

mod any_order;
mod config;
mod dependencies;
mod exits;
mod probes;

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Action, Event, Machine, Moment, News, Outcome, ProbeKind, readiness_of};
use crate::supervisor::snapshot::{ExitStatus, Phase, ProcessSnapshot};
use crate::supervisor::spec::{ConditionSpec, DependencySpec, ProbeCheckSpec, ProbeSpec, ProcessSpec, StackSpec};
use crate::supervisor::testing;
use crate::system::{PortHolder, ProcessIdentity};

/// A machine in a world of its own.
pub(super) struct World {
    pub(super) machine: Machine,
    pub(super) now: Moment,
    /// Runs that live, by name.
    pub(super) alive: BTreeMap<String, u64>,
    /// Every start there was.
    pub(super) starts: Vec<String>,
    /// Every stop of a tree there was, with the ports it was to look at.
    pub(super) stops: Vec<(String, Vec<u16>)>,
    /// Probes that wait for an answer.
    pub(super) probes: Vec<(String, u64, ProbeKind)>,
    /// Ports that strangers hold.
    pub(super) taken: BTreeMap<u16, PortHolder>,
    /// Where processes listen.
    pub(super) listening: BTreeMap<String, Vec<u16>>,
    /// Stops wait for [`World::finish_stops`].
    pub(super) slow: bool,
    pub(super) open_stops: Vec<(String, u64)>,
}

impl World {
    pub(super) fn new<const N: usize>(processes: [(&str, ProcessSpec); N]) -> Self {
        Self::of(&testing::stack(processes))
    }

    pub(super) fn of(spec: &StackSpec) -> Self {
        Self {
            machine: Machine::new(spec, 7),
            now: Duration::from_secs(1000),
            alive: BTreeMap::new(),
            starts: Vec::new(),
            stops: Vec::new(),
            probes: Vec::new(),
            taken: BTreeMap::new(),
            listening: BTreeMap::new(),
            slow: false,
            open_stops: Vec::new(),
        }
    }

    /// The same, started; what gives no sign of readiness has stayed up long enough, where all are of that kind.
    pub(super) fn started<const N: usize>(processes: [(&str, ProcessSpec); N]) -> Self {
        let give_no_sign = processes.iter().all(|(_, it)| readiness_of(it).is_none() && it.ready_log_line.is_none());
        let mut world = Self::new(processes);
        world.tell(Event::Start(Vec::new()));
        if give_no_sign {
            world.pass(Duration::from_secs(1), well);
        }
        world
    }

    pub(super) fn tell(&mut self, event: Event) {
        let mut open = self.machine.handle(self.now, event);
        while !open.is_empty() {
            let action = open.remove(0);
            if let Some((name, run, news)) = self.act(action) {
                open.extend(self.machine.handle(self.now, Event::News { name, run, news }));
            }
        }
    }

    pub(super) fn act(&mut self, action: Action) -> Option<(String, u64, News)> {
        match action {
            Action::Start { name, run } => {
                let ports = &self.machine.definition(&name).unwrap().spec.ports;
                if let Some((port, holder)) = ports.iter().find_map(|port| Some((*port, self.taken.get(port)?.clone())))
                {
                    return Some((name, run, News::PortTaken(port, holder)));
                }
                let former = self.alive.insert(name.clone(), run);
                assert_eq!(former, None, "two runs of {name} at once");
                self.starts.push(name.clone());
                let identity =
                    ProcessIdentity { pid: 100 + u32::try_from(run).unwrap(), start_time: run, boot_id: String::new() };
                Some((name, run, News::Started { identity, at_ms: 0 }))
            }
            Action::Probe { name, run, kind } => {
                self.probes.push((name, run, kind));
                None
            }
            Action::Inspect { name, run } => {
                let ports = self.listening.get(&name).cloned().unwrap_or_default();
                Some((name, run, News::Listening(ports)))
            }
            Action::StopTree { name, run, ports } => {
                self.stops.push((name.clone(), ports.clone()));
                self.open_stops.push((name.clone(), run));
                if self.slow {
                    return None;
                }
                let held = ports.iter().filter_map(|port| Some((*port, self.taken.get(port)?.clone()))).collect();
                self.alive.remove(&name);
                self.open_stops.pop();
                Some((name, run, News::TreeStopped { survivors: Vec::new(), held }))
            }
        }
    }

    pub(super) fn finish_stops(&mut self) {
        for (name, run) in std::mem::take(&mut self.open_stops) {
            self.alive.remove(&name);
            let news = News::TreeStopped { survivors: Vec::new(), held: Vec::new() };
            self.tell(Event::News { name, run, news });
        }
    }

    pub(super) fn news(&mut self, name: &str, news: News) {
        let run = self.alive.get(name).copied().unwrap_or(0);
        self.tell(Event::News { name: name.to_owned(), run, news });
    }

    /// A process ends by itself with this status and these last words.
    pub(super) fn exit(&mut self, name: &str, code: i32, tail: &[&str]) {
        let run = self.alive.remove(name).expect("it runs");
        let status = ExitStatus { code: Some(code), signal: None, out_of_memory: false };
        let tail = tail.iter().map(ToString::to_string).collect();
        self.tell(Event::News { name: name.to_owned(), run, news: News::Exited { status, at_ms: 0, tail } });
    }

    /// Time passes, tick by tick; probes are answered by `answer`.
    pub(super) fn pass(&mut self, time: Duration, mut answer: impl FnMut(&str, ProbeKind) -> Outcome) {
        let end = self.now + time;
        loop {
            for (name, run, kind) in std::mem::take(&mut self.probes) {
                let outcome = answer(&name, kind);
                self.tell(Event::News { name, run, news: News::Probed { kind, outcome } });
            }
            match self.machine.deadline() {
                Some(at) if at <= end => {
                    self.now = self.now.max(at);
                    self.tell(Event::Tick);
                }
                _ => break,
            }
        }
        self.now = end;
    }

    pub(super) fn view(&self, name: &str) -> ProcessSnapshot {
        self.machine.processes()[name].clone()
    }

    pub(super) fn phase(&self, name: &str) -> Phase {
        self.view(name).phase
    }

    pub(super) fn reason(&self, name: &str) -> String {
        self.view(name).reason.unwrap_or_default()
    }
}

pub(super) fn well(_: &str, _: ProbeKind) -> Outcome {
    Outcome::Pass
}

pub(super) fn refused(_: &str, _: ProbeKind) -> Outcome {
    Outcome::Fail { reason: "connection refused on 8030".to_owned(), refused: true }
}

pub(super) fn stranger() -> PortHolder {
    PortHolder { pid: Some(4711), command: "node other.js".to_owned() }
}

/// A process with a readiness probe on 8030 every half second.
pub(super) fn probed() -> ProcessSpec {
    ProcessSpec { readiness_probe: Some(probe(0.5)), ..testing::process("api") }
}

pub(super) fn probe(period_seconds: f64) -> ProbeSpec {
    ProbeSpec {
        check: ProbeCheckSpec::HttpGet { host: None, port: 8030, path: "/".to_owned() },
        initial_delay_seconds: 0.0,
        period_seconds,
        timeout_seconds: 1.0,
        success_threshold: 1,
        failure_threshold: 3,
    }
}

pub(super) fn plain() -> ProcessSpec {
    testing::process("run")
}

pub(super) fn after(mut spec: ProcessSpec, name: &str, condition: ConditionSpec, restart: bool) -> ProcessSpec {
    spec.depends_on.insert(name.to_owned(), DependencySpec { condition, restart });
    spec
}
