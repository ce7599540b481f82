//! `harness init`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ErrorDocument;

/// What `init` saw and did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Init {
    /// `harness/init/1`.
    pub schema: String,
    /// Absolute path of the directory that was looked at.
    pub root: String,
    /// Absolute path of its `harness.toml`, written or not.
    pub file: String,
    /// What became of that file.
    pub outcome: InitOutcome,
    /// The preset that was taken, where one was named.
    pub preset: Option<String>,
    /// What was seen, and where.
    pub saw: Vec<Sighting>,
    /// What was taken for true without evidence.
    pub assumed: Vec<String>,
    /// What the files do not show, and is to be filled in where it matters.
    pub unknown: Vec<String>,
    /// The text of the file; null where an existing file was kept.
    pub toml: Option<String>,
    /// The files for coding agents, with `--agents`.
    pub instructions: Vec<InstructionFile>,
    /// The workflow that works on issues, with `--github`.
    pub workflow: Option<InstructionFile>,
    /// How a launch went, with `--check`.
    pub check: Option<InitCheck>,
}

/// What became of `harness.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InitOutcome {
    /// It is new.
    Written,
    /// It replaced another one.
    Replaced,
    /// The one that was there stays.
    Kept,
    /// It was only printed.
    Printed,
}

/// Something that was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sighting {
    /// What: `Vite`.
    pub what: String,
    /// Where: `package.json: scripts.dev`.
    pub evidence: String,
}

/// A file beside `harness.toml`: what coding agents are to do, or when they are run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InstructionFile {
    /// Its absolute path.
    pub path: String,
    /// Whether it was changed; false where it said the same already.
    pub changed: bool,
}

/// How a trial of the file went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InitCheck {
    /// The agent that was launched and removed again; null where there was nothing to launch.
    pub agent: Option<u8>,
    /// Whether its stack became healthy.
    pub healthy: bool,
    /// Whether the quick stages of `verify` passed; null where they were not run.
    pub verified: Option<bool>,
    /// What to mend, one thing an entry.
    pub mend: Vec<String>,
    /// Why it did not become healthy, could not be verified, or could not be removed.
    pub error: Option<ErrorDocument>,
    /// Wall-clock time in milliseconds.
    pub duration_ms: u64,
}
