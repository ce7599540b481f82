//! `harness doctor` and `harness gc`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Removed, TornDownAgent};

/// `harness doctor`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Doctor {
    /// `harness/doctor/1`.
    pub schema: String,
    /// Whether there is no finding of level `error`.
    pub healthy: bool,
    /// The findings, by area.
    pub findings: Vec<Finding>,
}

/// A finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// What it is about.
    pub area: Area,
    /// Its severity.
    pub level: Level,
    /// What was found.
    pub message: String,
    /// How to solve it; set unless the level is `ok`.
    pub hint: Option<String>,
}

words! {
    /// Severity of a finding.
    pub enum Level {
        /// No problem.
        Ok = "ok",
        /// It works, but not as well as it could, or not for every user.
        Warning = "warning",
        /// Something will fail.
        Error = "error",
    }
}

words! {
    /// What a finding is about.
    pub enum Area {
        /// Programs that harness or agents use.
        Tools = "tools",
        /// The shared servers.
        Servers = "servers",
        /// Ports of the servers and the agents.
        Ports = "ports",
        /// File system, disk, memory and limits of the machine.
        Machine = "machine",
        /// The home, the project and the agents.
        State = "state",
    }
}

impl Finding {
    /// A finding without a problem.
    pub fn ok(area: Area, message: impl Into<String>) -> Self {
        Self { area, level: Level::Ok, message: message.into(), hint: None }
    }

    /// A problem.
    pub fn bad(area: Area, level: Level, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { area, level, message: message.into(), hint: Some(hint.into()) }
    }
}

/// `harness gc`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Gc {
    /// `harness/gc/1`.
    pub schema: String,
    /// Whether nothing was removed because of `--dry-run`.
    pub dry_run: bool,
    /// The agents that no command will continue.
    pub agents: Vec<CollectedAgent>,
    /// Leftovers that belong to no agent: unfinished templates.
    pub removed: Vec<Removed>,
}

/// An agent that was collected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CollectedAgent {
    /// Why it is a leftover.
    pub why: String,
    /// What was removed of it.
    #[serde(flatten)]
    pub removed: TornDownAgent,
}
