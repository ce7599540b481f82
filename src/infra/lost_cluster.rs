//! A PostgreSQL cluster that was damaged when the machine crashed.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A cluster that was lost to a host crash under `durability = "fast"`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LostCluster {
    /// Its identity, as agents' records name it.
    pub system_identifier: String,
    /// Where its data directory was moved.
    pub moved_to: PathBuf,
    /// When that was noticed, RFC 3339.
    pub noticed_at: String,
}
