//! Small documents about one agent: `url`, `env`, `exec`, `restart`, `stop`, `start`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ProcessRow, StackState};

/// `harness url`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Urls {
    /// `harness/url/1`.
    pub schema: String,
    /// The agent.
    pub agent: u8,
    /// URL by port name; a port that only disabled processes use has none.
    pub urls: BTreeMap<String, String>,
    /// Port by name.
    pub ports: BTreeMap<String, u16>,
}

/// `harness env`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Environment {
    /// `harness/env/1`.
    pub schema: String,
    /// The agent.
    pub agent: u8,
    /// The agent's own variables, credentials included: this document is for programs, not for logs.
    pub variables: BTreeMap<String, String>,
}

/// `harness exec`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Execution {
    /// `harness/exec/1`.
    pub schema: String,
    /// The agent.
    pub agent: u8,
    /// The command's exit code; 128 + n if signal n ended it.
    pub exit_code: u8,
    /// Its standard output; bytes that are not UTF-8 are replaced by `U+FFFD`.
    pub stdout: String,
    /// Its standard error, likewise.
    pub stderr: String,
}

/// `harness restart`, `stop`, `start`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Control {
    /// `harness/restart/1`, `harness/stop/1`, `harness/start/1`, `harness/park/1`.
    pub schema: String,
    /// The agent.
    pub agent: u8,
    /// State of the stack afterwards.
    pub state: StackState,
    /// Its processes afterwards.
    pub processes: Vec<ProcessRow>,
}
