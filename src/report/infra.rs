//! `harness infra`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::InfraStatus;

/// The shared servers, alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InfraPs {
    /// `harness/infra-ps/1`.
    pub schema: String,
    /// The same as in `status`.
    #[serde(flatten)]
    pub infra: InfraStatus,
}

/// The compose file of the docker engine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InfraCompose {
    /// `harness/infra-compose/1`.
    pub schema: String,
    /// The file as docker compose reads it; passwords are references to their variables.
    pub file: serde_json::Value,
}

/// Images that were pulled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InfraPull {
    /// `harness/infra-pull/1`.
    pub schema: String,
    /// Their names, by service.
    pub images: Vec<String>,
}
