//! Stores, as `status` and `config show` state them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::StepConfig;

/// An agent's copy of one store. Its server is among the processes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StoreRow {
    /// Its name.
    pub name: String,
    /// Its data directory.
    pub directory: String,
    /// What it takes on disk, in bytes.
    pub bytes: u64,
    /// The template that it was copied from; null for one that began empty.
    pub template: Option<String>,
    /// Whether what the template is made from has changed since; only set if one agent is requested.
    pub template_stale: Option<bool>,
}

/// A store as the project configures it. Its server is among the processes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StoreConfig {
    /// Its name.
    pub name: String,
    /// `use`; `command` for a server of the project's own, `image` for a container.
    #[serde(rename = "use")]
    pub serves: String,
    /// The image of the container.
    pub image: Option<String>,
    /// What makes an empty data directory.
    pub init: Option<String>,
    /// What its template is made by, in order.
    pub steps: Vec<StepConfig>,
}
