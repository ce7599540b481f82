//! `harness launch`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ErrorDocument, ProcessRow};

/// The result of `launch`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Launch {
    /// `harness/launch/1`.
    pub schema: String,
    /// One entry an agent, by id.
    pub agents: Vec<LaunchedAgent>,
}

/// One agent after `launch`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LaunchedAgent {
    /// Its id.
    pub agent: u8,
    /// Its project.
    pub project: String,
    /// What happened.
    pub outcome: LaunchOutcome,
    /// Absolute path of the tree that its processes run in.
    pub tree: String,
    /// URL by port name; a port that only disabled processes use has none.
    pub urls: BTreeMap<String, String>,
    /// Port by name.
    pub ports: BTreeMap<String, u16>,
    /// Name of its database, where the project has one.
    pub database: Option<String>,
    /// Name of its bucket, where there is an S3 server.
    pub bucket: Option<String>,
    /// Tag of its mail, where there is a mail server.
    pub mail_tag: Option<String>,
    /// Absolute path of the rendered env file.
    pub env_file: Option<String>,
    /// Absolute path of the rendered guide for a coding agent.
    pub guide: Option<String>,
    /// The template that its database was cloned from.
    pub template: Option<TemplateUse>,
    /// How long each step took, in the order they were begun; some run side by side.
    pub steps: Vec<StepTime>,
    /// Its processes.
    pub processes: Vec<ProcessRow>,
    /// Wall-clock time of the whole launch, in milliseconds.
    pub duration_ms: u64,
    /// Why it failed; null on success.
    pub error: Option<ErrorDocument>,
}

impl LaunchedAgent {
    /// An agent before its launch.
    pub fn of(agent: u8, project: &str) -> Self {
        Self {
            agent,
            project: project.to_owned(),
            outcome: LaunchOutcome::Failed,
            tree: String::new(),
            urls: BTreeMap::new(),
            ports: BTreeMap::new(),
            database: None,
            bucket: None,
            mail_tag: None,
            env_file: None,
            guide: None,
            template: None,
            steps: Vec::new(),
            processes: Vec::new(),
            duration_ms: 0,
            error: None,
        }
    }
}

words! {
    /// What `launch` did to an agent.
    pub enum LaunchOutcome {
        /// It was brought up.
        Launched = "launched",
        /// Something was missing and was repaired.
        Repaired = "repaired",
        /// Nothing had to be done.
        AlreadyRunning = "already_running",
        /// It is not up.
        Failed = "failed",
    }
}

/// A template that was used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TemplateUse {
    /// Its name on the server: `tpl_<12 hexadecimal digits>`.
    pub name: String,
    /// Whether this launch built it.
    pub built: bool,
}

/// The time of one step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StepTime {
    /// `infra`, `database`, `processes`.
    pub name: String,
    /// Milliseconds.
    pub duration_ms: u64,
}
