//! The events that the machine takes, and the actions that it returns.

use crate::supervisor::snapshot::ExitStatus;
use crate::supervisor::spec::StackSpec;
use crate::system::{PortHolder, ProcessIdentity};

/// Something happened.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// The deadline has come.
    Tick,
    /// Processes are wanted; all that are not disabled where none is named.
    Start(Vec<String>),
    /// Processes are not wanted any more; all where none is named.
    Stop(Vec<String>),
    /// Processes are to be stopped and started; all that are wanted where none is named.
    Restart(Vec<String>),
    /// All processes are to be stopped until a client connects to one of their ports.
    Park,
    /// What was parked is wanted again.
    Wake,
    /// The config was read again.
    Apply { spec: Box<StackSpec>, restart_changed: bool, revive: bool },
    /// Files that a process watches have changed.
    FilesChanged(String),
    /// Something that a process should watch is not watched, for this reason; or now all is.
    FilesUnwatched(String, Option<String>),
    /// News of one run of one process.
    News { name: String, run: u64, news: News },
}

/// News of one run of a process.
#[derive(Debug, Clone)]
pub(crate) enum News {
    /// It exists; `at_ms` is milliseconds since the epoch.
    Started { identity: ProcessIdentity, at_ms: i64 },
    /// It could not be started.
    NotStarted(String),
    /// It was forked and not let go, because its supervisor died: it starts again at once.
    NeverRan,
    /// It was not started, because another process listens on its port.
    PortTaken(u16, PortHolder),
    /// Its `ready_log_line` appeared.
    LogReady,
    /// Its `error_log_line` appeared with this count.
    LogErrors(u64),
    /// So many bytes of its output were lost up to now.
    Lost(u64),
    /// A probe came back.
    Probed { kind: ProbeKind, outcome: Outcome },
    /// Where its tree listens.
    Listening(Vec<u16>),
    /// Its leader ended, at a time in milliseconds since the epoch; with its last log lines.
    Exited { status: ExitStatus, at_ms: i64, tail: Vec<String> },
    /// Its tree was ended; what is left of it, and who holds the ports that were asked about.
    TreeStopped { survivors: Vec<ProcessIdentity>, held: Vec<(u16, PortHolder)> },
}

/// Which probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ProbeKind {
    Readiness,
    Liveness,
}

/// What a probe found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Pass,
    /// `refused`: no process listens where the probe asked.
    Fail {
        reason: String,
        refused: bool,
    },
}

/// Something to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Check its ports and start it; answered by `Started`, `NotStarted` or `PortTaken`.
    Start { name: String, run: u64 },
    /// Ask once; answered by `Probed`.
    Probe { name: String, run: u64, kind: ProbeKind },
    /// Find out where it listens; answered by `Listening`.
    Inspect { name: String, run: u64 },
    /// End its whole tree, then look at these ports; answered by `TreeStopped`.
    StopTree { name: String, run: u64, ports: Vec<u16> },
}
