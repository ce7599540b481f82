//! `harness verify --status`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::ErrorDocument;
use super::run::{Outcome, Reason};
use super::signed::Evidence;

/// Whether the present tree has passed `harness verify --full`: `harness verify --status`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VerifyStatus {
    /// `harness/verify-status/1`.
    pub schema: String,
    /// Whether this very tree has passed every stage of this plan.
    pub verified: bool,
    /// Why not, in words; null when it is.
    pub reason: Option<String>,
    /// The agent whose tree this is.
    pub agent: Option<u8>,
    /// The present tree; null outside a git repository.
    pub tree: Option<String>,
    /// The last full pass.
    pub last_full_pass: Option<RecordedRun>,
    /// The last run of any kind.
    pub last_run: Option<RecordedRun>,
    /// The signed evidence of the pass; null without `--sign`.
    pub evidence: Option<Evidence>,
    /// Why the question could not be answered.
    pub error: Option<ErrorDocument>,
}

/// A run that was kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecordedRun {
    /// Its name, which is also that of its folder of logs.
    pub run: String,
    /// What it found.
    pub status: Outcome,
    /// Why it failed.
    pub reason: Option<Reason>,
    /// Whether it was of every stage.
    pub full: bool,
    /// The tree it was bound to.
    pub tree: Option<String>,
    /// When it ended, RFC 3339.
    pub finished_at: String,
}

impl VerifyStatus {
    /// The document of a question that could not be answered.
    pub fn unknown(error: ErrorDocument, agent: Option<u8>) -> Self {
        Self {
            schema: "harness/verify-status/1".to_owned(),
            verified: false,
            reason: Some(error.message.clone()),
            agent,
            tree: None,
            last_full_pass: None,
            last_run: None,
            evidence: None,
            error: Some(error),
        }
    }
}
