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
    /// What was looked at, in the order of areas.
    pub findings: Vec<Finding>,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// `tools`, `servers`, `ports`, `machine`, `state`.
    pub area: String,
    /// How it is.
    pub level: Level,
    /// What was found.
    pub message: String,
    /// What to do about it; there is one wherever the level is not `ok`.
    pub hint: Option<String>,
}

words! {
    /// How a thing is.
    pub enum Level {
        /// As it should be.
        Ok = "ok",
        /// It works, but not as well as it could, or not for everybody.
        Warning = "warning",
        /// Something will fail.
        Error = "error",
    }
}

impl Finding {
    /// A thing that is as it should be.
    pub fn ok(area: &str, message: impl Into<String>) -> Self {
        Self { area: area.to_owned(), level: Level::Ok, message: message.into(), hint: None }
    }

    /// One that is not.
    pub fn bad(area: &str, level: Level, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { area: area.to_owned(), level, message: message.into(), hint: Some(hint.into()) }
    }
}

/// `harness gc`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Gc {
    /// `harness/gc/1`.
    pub schema: String,
    /// Whether this was only a look.
    pub dry_run: bool,
    /// The agents that no command will continue.
    pub agents: Vec<CollectedAgent>,
    /// What belonged to no agent: unfinished builds of templates.
    pub removed: Vec<Removed>,
}

/// An agent that was collected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CollectedAgent {
    /// Why it counts as left over.
    pub why: String,
    /// What was removed of it.
    #[serde(flatten)]
    pub removed: TornDownAgent,
}
