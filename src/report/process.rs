//! One supervised process, as users see it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ProcessState;

/// A row of `status` and `launch`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProcessRow {
    /// Its name in `[processes]`.
    pub name: String,
    /// Its state.
    pub state: ProcessState,
    /// Process id of its leader.
    pub pid: Option<u32>,
    /// Times it was restarted automatically.
    pub restarts: u32,
    /// Milliseconds since its last start.
    pub uptime_ms: Option<i64>,
    /// CPU of its whole tree, in percent of one core, since it was started.
    pub cpu_percent: Option<f32>,
    /// Resident memory of its whole tree, in bytes.
    pub memory_bytes: Option<u64>,
    /// Ports it listens on, or should.
    pub ports: Vec<u16>,
    /// How it last ended.
    pub exit: Option<Exit>,
    /// Why it is in this state.
    pub reason: Option<String>,
    /// Errors that its log reported last.
    pub reported_errors: Option<u64>,
    /// Bytes of output that were lost.
    pub lost_log_bytes: u64,
    /// Its last log lines, where it is not healthy.
    pub last_lines: Vec<String>,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Exit {
    /// Exit code.
    pub code: Option<i32>,
    /// Signal number.
    pub signal: Option<i32>,
    /// Whether the kernel killed it for memory.
    pub out_of_memory: bool,
}

impl std::fmt::Display for Exit {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.code, self.signal) {
            _ if self.out_of_memory => formatter.write_str("killed: out of memory"),
            (Some(code), _) => write!(formatter, "exit status {code}"),
            (None, Some(signal)) => write!(formatter, "killed by signal {signal}"),
            (None, None) => formatter.write_str("ended, status unknown"),
        }
    }
}
