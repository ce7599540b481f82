//! `harness status`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Engine, ErrorDocument, InfraState, ProcessRow, ServerState, StackState, StoreRow};

/// Every agent of the home, or one of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Status {
    /// `harness/status/1`.
    pub schema: String,
    /// The directory of the home.
    pub home: String,
    /// The shared servers.
    pub infra: InfraStatus,
    /// One entry an agent, by id.
    pub agents: Vec<AgentStatus>,
}

/// The shared servers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InfraStatus {
    /// State of all of them together.
    pub state: InfraState,
    /// What runs them; `null` before the first `setup`.
    pub engine: Option<Engine>,
    /// Why that engine and those binaries.
    pub reasons: Vec<String>,
    /// Differences between the configuration and what is recorded.
    pub drift: Vec<String>,
    /// One row a service.
    pub services: Vec<ServiceRow>,
}

/// One shared server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceRow {
    /// `db`, `minio`, `headless-browser`, `mailpit`.
    pub name: String,
    /// Its state.
    pub state: ServerState,
    /// What serves: `PostgreSQL 15.18`, `embedded`.
    pub version: Option<String>,
    /// Process id of its leader.
    pub pid: Option<u32>,
    /// Ports on the host.
    pub ports: Vec<u16>,
    /// Why it is in this state.
    pub reason: Option<String>,
}

/// One agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AgentStatus {
    /// Its id.
    pub agent: u8,
    /// Its project.
    pub project: String,
    /// State of its stack.
    pub state: StackState,
    /// Absolute path of its tree.
    pub tree: String,
    /// The branch that is checked out there; `null` outside git and for a detached `HEAD`.
    pub branch: Option<String>,
    /// URL by port name; a port that only disabled processes use has none.
    pub urls: BTreeMap<String, String>,
    /// Port by name.
    pub ports: BTreeMap<String, u16>,
    /// Name of its database.
    pub database: Option<String>,
    /// The template of its database.
    pub template: Option<String>,
    /// Whether the template's inputs have changed since; only set if one agent is requested.
    pub template_stale: Option<bool>,
    /// Its stores, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stores: Vec<StoreRow>,
    /// Differences between the running stack and the files.
    pub drift: Vec<String>,
    /// How members of its process trees are found, strongest first.
    pub tracking: Vec<String>,
    /// Why these ways are used and no cgroup; `null` while the stack does not run.
    pub tracking_reason: Option<String>,
    /// Its processes.
    pub processes: Vec<ProcessRow>,
    /// Why its state is not known.
    pub error: Option<ErrorDocument>,
}
