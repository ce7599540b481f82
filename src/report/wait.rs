//! `harness wait`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Exit, ProcessState};

/// The result of waiting for processes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Wait {
    /// `harness/wait/1`.
    pub schema: String,
    /// The agent.
    pub agent: u8,
    /// What was waited for.
    pub wanted: WaitFor,
    /// Whether every process reached it.
    pub reached: bool,
    /// Milliseconds that it took.
    pub waited_ms: u64,
    /// The processes that were waited for.
    pub processes: Vec<WaitedProcess>,
}

words! {
    /// What `wait` waits for.
    pub enum WaitFor {
        /// The process is ready, or has completed with status 0.
        Ready = "ready",
        /// The process does not run and is not about to be restarted.
        Stopped = "stopped",
        /// The present run of the process has ended, or the last one did.
        Exit = "exit",
    }
}

words! {
    /// How the wait for one process ended.
    pub enum WaitOutcome {
        /// It is ready.
        Ready = "ready",
        /// It does not run and is not about to be restarted.
        Stopped = "stopped",
        /// It ended by itself.
        Exited = "exited",
        /// Another program listens on its port.
        PortConflict = "port_conflict",
        /// A process that it depends on failed.
        DependencyFailed = "dependency_failed",
        /// The time was up first.
        Timeout = "timeout",
    }
}

/// The result of waiting for one process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WaitedProcess {
    /// Its name in `[processes]`.
    pub name: String,
    /// How the wait ended.
    pub outcome: WaitOutcome,
    /// Whether it reached the state that was waited for.
    pub reached: bool,
    /// Its state at the end of the wait.
    pub state: ProcessState,
    /// Process id of its leader, while there is one.
    pub pid: Option<u32>,
    /// How it last ended.
    pub exit: Option<Exit>,
    /// The process that has its port, if the outcome is `port_conflict`.
    pub port: Option<PortConflict>,
    /// What is missing if the outcome is `timeout`, otherwise why it ended.
    pub reason: Option<String>,
    /// Its last log lines, where it ended or time was up.
    pub last_lines: Vec<String>,
}

/// A port that another program uses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PortConflict {
    /// The port.
    pub port: u16,
    /// The process that listens on it; `null` for a process of another user.
    pub pid: Option<u32>,
    /// Its command line.
    pub command: String,
}
