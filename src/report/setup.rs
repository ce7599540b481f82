//! `harness setup`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{InfraStatus, TemplateUse};

/// The result of `setup`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Setup {
    /// `harness/setup/1`.
    pub schema: String,
    /// The shared servers.
    pub infra: InfraStatus,
    /// The project's template; `null` where it has no database.
    pub template: Option<TemplateUse>,
    /// Wall-clock time in milliseconds.
    pub duration_ms: u64,
}
