//! What the supervisor says about its stack: the only truth about running processes.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use crate::report::ProcessState as Phase;
use crate::system::{PortHolder, ProcessIdentity};

/// The whole stack at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StackSnapshot {
    /// Grows with every change; a request may wait for a generation other than the one it knows.
    pub generation: u64,
    /// `agent-3` or `infra`.
    pub stack: String,
    /// Version of the binary that the supervisor runs.
    pub harness_version: String,
    /// The supervisor.
    pub supervisor: ProcessIdentity,
    /// Its guardian; `None` while a new one is being made.
    pub guardian: Option<ProcessIdentity>,
    /// SHA-256 of the `processes.toml` that is in force, hexadecimal.
    pub spec_digest: String,
    /// How the members of a process's tree are found, strongest first: `subreaper` (everything hangs
    /// below one guardian), `session`, `environment marker`.
    pub tracking: Vec<String>,
    /// Why these ways, for people; empty of a supervisor that does not say.
    #[serde(default)]
    pub tracking_reason: String,
    /// Whether all processes are stopped until a client connects to one of their ports. Absent of an older supervisor.
    #[serde(default)]
    pub parked: bool,
    /// What the processes use of memory; absent before the first sample, and of an older supervisor.
    #[serde(default)]
    pub memory: Option<MemoryUse>,
    /// The processes, by name.
    pub processes: BTreeMap<String, ProcessSnapshot>,
    /// The sessions, by name; ended ones among them. Absent of an older supervisor.
    #[serde(default)]
    pub sessions: BTreeMap<String, SessionSnapshot>,
}

/// Proportional memory (PSS) of all processes of a stack, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryUse {
    /// By the last sample.
    pub now: u64,
    /// By the highest sample since its supervisor was started.
    pub peak: u64,
}

/// One session at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionSnapshot {
    /// Program and arguments.
    pub command: Vec<String>,
    /// Where it was started.
    pub working_dir: PathBuf,
    /// As of any process.
    pub process: ProcessSnapshot,
}

impl SessionSnapshot {
    /// Whether its program has ended, or never ran.
    pub fn is_over(&self) -> bool {
        let begins = matches!(self.process.phase, Phase::Disabled | Phase::Waiting | Phase::Starting);
        self.process.process.is_none() && !begins
    }
}

impl StackSnapshot {
    /// Whether everything of the stack hangs below its guardian.
    pub(crate) fn is_complete(&self) -> bool {
        self.tracking.iter().any(|way| way == SUBREAPER)
    }
}

/// The way of finding OS processes that leaves none out.
pub(crate) const SUBREAPER: &str = "subreaper";

/// One process at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProcessSnapshot {
    /// Where it is in its life.
    pub phase: Phase,
    /// The leader, while there is one.
    pub process: Option<ProcessIdentity>,
    /// Milliseconds since the epoch when it was last started.
    pub started_at_ms: Option<i64>,
    /// Times it was started again without being asked.
    pub restarts: u32,
    /// How it last ended.
    pub last_exit: Option<ExitStatus>,
    /// When, in milliseconds since the epoch; absent of an older supervisor.
    #[serde(default)]
    pub last_exit_at_ms: Option<i64>,
    /// Ports it should listen on.
    pub ports: Vec<u16>,
    /// Errors that its log reported last (`error_log_line`).
    pub reported_errors: Option<u64>,
    /// Why it is in this phase, for people: `waiting for api to be healthy`, `connection refused on 8030`.
    pub reason: Option<String>,
    /// Whose port it is, where the phase is [`Phase::PortConflict`].
    pub port_holder: Option<(u16, PortHolder)>,
    /// Bytes of output that were lost (disk full).
    pub lost_log_bytes: u64,
    /// Members of its tree that survived SIGKILL.
    pub survivors: Vec<ProcessIdentity>,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExitStatus {
    /// Exit code; `None` when it was killed by a signal or no supervisor saw the end.
    pub code: Option<i32>,
    /// Signal number.
    pub signal: Option<i32>,
    /// Whether the kernel killed it for memory.
    pub out_of_memory: bool,
}
