//! `harness wait`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Exit;

/// What waiting for processes came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Wait {
    /// `harness/wait/1`.
    pub schema: String,
    /// The agent.
    pub agent: u8,
    /// What was waited for: `ready`, `stopped`, `exit`.
    pub wanted: String,
    /// Whether every process came to it.
    pub reached: bool,
    /// Milliseconds that it took.
    pub waited_ms: u64,
    /// The processes that were meant.
    pub processes: Vec<WaitedProcess>,
}

/// What waiting for one process came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WaitedProcess {
    /// Its name in `[processes]`.
    pub name: String,
    /// `ready`, `stopped`, `exited`, `port_conflict`, `dependency_failed`, `timeout`.
    pub outcome: String,
    /// Whether that is what was waited for.
    pub reached: bool,
    /// As in [`super::ProcessRow::state`].
    pub state: String,
    /// Process id of its leader, while there is one.
    pub pid: Option<u32>,
    /// How it last ended.
    pub exit: Option<Exit>,
    /// Who has its port, where the outcome is `port_conflict`.
    pub port: Option<PortConflict>,
    /// What is still missing where the outcome is `timeout`, or why it ended otherwise.
    pub reason: Option<String>,
    /// Its last log lines, where it ended or time was up.
    pub last_lines: Vec<String>,
}

/// A port that somebody else has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PortConflict {
    /// The port.
    pub port: u16,
    /// Who listens on it; `null` for another user's process.
    pub pid: Option<u32>,
    /// Its command line.
    pub command: String,
}
