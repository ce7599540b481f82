//! `harness teardown`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ErrorDocument;

/// The result of `teardown`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Teardown {
    /// `harness/teardown/1`.
    pub schema: String,
    /// Whether nothing was removed because of `--dry-run`.
    pub dry_run: bool,
    /// One entry an agent, by id.
    pub agents: Vec<TornDownAgent>,
    /// What was removed of the shared servers, with `--infra`.
    pub infra: Option<Vec<Removed>>,
}

/// One agent after `teardown`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TornDownAgent {
    /// Its id.
    pub agent: u8,
    /// Its project, where a record or a server still knew it.
    pub project: Option<String>,
    /// What was removed, or with `--dry-run` would be.
    pub removed: Vec<Removed>,
    /// What could not be removed; empty on success.
    pub left: Vec<Removed>,
    /// Things with its name that this home did not create; not removed.
    pub foreign: Vec<Removed>,
    /// Wall-clock time in milliseconds.
    pub duration_ms: u64,
    /// Why it failed; null on success.
    pub error: Option<ErrorDocument>,
}

impl TornDownAgent {
    /// An agent before anything is removed.
    pub fn of(agent: u8) -> Self {
        let (removed, left, foreign) = (Vec::new(), Vec::new(), Vec::new());
        Self { agent, project: None, removed, left, foreign, duration_ms: 0, error: None }
    }
}

/// Begins the detail of what only `--force` removes.
pub const REFUSED: &str = "refused without --force: ";

/// A thing that was removed, or is left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Removed {
    /// What it is.
    pub kind: RemovedKind,
    /// Its name: `agent_3`, `pid 4711`.
    pub name: String,
    /// More about it: a command line, a number of objects.
    pub detail: Option<String>,
}

words! {
    /// What a thing that was removed, or is left, is.
    pub enum RemovedKind {
        /// An OS process.
        Process = "process",
        /// A port that a process of the agent still holds.
        Port = "port",
        /// A database.
        Database = "database",
        /// A role of the database server.
        Role = "role",
        /// A database or role with the agent's name that another home created.
        DatabaseOrRole = "database_or_role",
        /// A store's data, or a snapshot of the stores.
        Store = "store",
        /// An S3 bucket, and the key to it.
        Bucket = "bucket",
        /// Mail with the agent's tag.
        Mail = "mail",
        /// A rendered file.
        File = "file",
        /// Files of the home.
        State = "state",
        /// A git work tree.
        WorkTree = "worktree",
        /// A git branch.
        Branch = "branch",
        /// A line of git's `info/exclude`.
        ExcludeLine = "exclude_line",
        /// A section of git's configuration.
        GitConfig = "git_config",
        /// A shared server.
        Service = "service",
        /// The data of a shared server.
        Data = "data",
        /// A directory that was a work tree.
        Directory = "directory",
        /// The container of a job.
        Container = "container",
    }
}

impl Removed {
    /// A thing without detail.
    pub fn new(kind: RemovedKind, name: impl Into<String>) -> Self {
        Self { kind, name: name.into(), detail: None }
    }

    /// The same with detail.
    pub fn with(kind: RemovedKind, name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { kind, name: name.into(), detail: Some(detail.into()) }
    }
}
