//! `harness enable` and `harness disable`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ConnectedFile, ErrorDocument};

/// What comes back after a reboot, and the units that see to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Enable {
    /// `harness/enable/1` or `harness/disable/1`.
    pub schema: String,
    /// Whose units they are.
    pub scope: UnitScope,
    /// The agents that come back; null means all that were launched.
    pub agents: Option<Vec<u8>>,
    /// The units, with what happened to each.
    pub units: Vec<ConnectedFile>,
    /// Whether systemd has started them.
    pub active: bool,
}

words! {
    /// Whose units they are.
    pub enum UnitScope {
        /// The system's: they start at boot.
        System = "system",
        /// The user's: they start at boot if the user lingers, otherwise at login.
        User = "user",
    }
}

/// What `harness enable --up` or `--down` did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Boot {
    /// `harness/boot/1`.
    pub schema: String,
    /// `--up`: whether the home has servers, which now run. `--down`: whether any were stopped.
    pub servers: bool,
    /// One entry an agent, by id.
    pub agents: Vec<BootedAgent>,
}

/// One agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BootedAgent {
    /// Its id.
    pub agent: u8,
    /// Its project.
    pub project: String,
    /// What happened.
    pub outcome: BootOutcome,
    /// Why it failed; null otherwise.
    pub error: Option<ErrorDocument>,
}

words! {
    /// What happened to an agent's stack.
    pub enum BootOutcome {
        /// It was brought back.
        Started = "started",
        /// It was up, and was left as it is.
        Running = "running",
        /// It does not run any more.
        Stopped = "stopped",
        /// It could not be brought back, or did not end.
        Failed = "failed",
    }
}
