//! `harness verify --sign`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::ErrorDocument;

/// A full pass that was signed and kept with its commit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// The commit that was verified; null where nothing was signed.
    pub commit: Option<String>,
    /// The key that signed it: the SHA-256 of the public key.
    pub key_id: Option<String>,
    /// Where it is kept: `refs/notes/harness`.
    pub notes: String,
    /// How many test, CI and verify-configuration files differ from the base.
    pub changes: usize,
    /// How many tests look weaker.
    pub weakened: usize,
    /// Why nothing was signed.
    pub error: Option<ErrorDocument>,
}

impl Evidence {
    /// That of a pass that could not be signed.
    pub fn none(error: ErrorDocument) -> Self {
        let notes = "refs/notes/harness".to_owned();
        Self { commit: None, key_id: None, notes, changes: 0, weakened: 0, error: Some(error) }
    }
}
