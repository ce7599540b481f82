//! `harness stats`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ProcessState;

/// Resource usage of the stacks of the home.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Stats {
    /// `harness/stats/1`.
    pub schema: String,
    /// Milliseconds over which CPU was measured.
    pub sampled_ms: u64,
    /// The memory of this machine; `null` where it is not known.
    pub machine: Option<MachineMemory>,
    /// One entry a running stack: the shared servers first, then agents by id.
    pub stacks: Vec<StackStats>,
}

/// The memory of this machine, or of the control group that confines harness.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MachineMemory {
    /// All of it, in bytes.
    pub total_bytes: u64,
    /// What programs can still be given without swapping, in bytes.
    pub available_bytes: u64,
}

/// One stack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StackStats {
    /// `infra`, `agent-3`.
    pub stack: String,
    /// The agent; `null` for the shared servers.
    pub agent: Option<u8>,
    /// Milliseconds since its supervisor's guardian was started.
    pub uptime_ms: Option<i64>,
    /// Times that its processes were restarted automatically.
    pub restarts: u32,
    /// All its processes together, with supervisor and guardian.
    pub total: Usage,
    /// Supervisor and guardian together.
    pub supervisor: Usage,
    /// Its processes, by name.
    pub processes: Vec<ProcessStats>,
}

/// One process with its whole tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProcessStats {
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: ProcessState,
    /// Process id of its leader.
    pub pid: Option<u32>,
    /// Times it was restarted automatically.
    pub restarts: u32,
    /// Milliseconds since its last start.
    pub uptime_ms: Option<i64>,
    /// What its tree uses; `null` where nothing of it lives.
    pub usage: Option<Usage>,
}

/// What some processes use together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Usage {
    /// CPU, in percent of one core, over the sample.
    pub cpu_percent: f32,
    /// Resident set size in bytes; shared pages count once for each process.
    pub memory_bytes: u64,
    /// Proportional set size in bytes; `null` if it cannot be read.
    pub pss_bytes: Option<u64>,
    /// Processes.
    pub processes: u32,
    /// Threads.
    pub threads: u32,
    /// Open file descriptors; `null` if they cannot be read.
    pub open_files: Option<u32>,
}
