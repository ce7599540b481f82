//! Documents of `backup` and `restore`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `harness backup <dir>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Backup {
    /// `harness/backup/1`.
    pub schema: String,
    /// Absolute path of the backup.
    pub directory: String,
    /// The agents in it.
    pub agents: Vec<AgentContents>,
    /// Whether the database of `harness serve` is in it.
    pub serve: bool,
    /// How many files it has, without the manifest.
    pub files: u64,
    /// Their size in bytes.
    pub bytes: u64,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

/// `harness restore <dir>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Restore {
    /// `harness/restore/1`.
    pub schema: String,
    /// Absolute path of the backup.
    pub directory: String,
    /// When the backup was made, RFC 3339.
    pub made_at: String,
    /// The agents that were launched and got their contents back.
    pub agents: Vec<AgentContents>,
    /// The files of the home that were restored, by their paths below it.
    pub files: Vec<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

/// What a backup has of one agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AgentContents {
    /// Its id.
    pub agent: u8,
    /// Its project.
    pub project: String,
    /// Name of its database; null where it has none, or it was left out.
    pub database: Option<String>,
    /// How many objects of its bucket; null where it has none, or it was left out.
    pub objects: Option<u64>,
}
