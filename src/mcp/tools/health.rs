//! `harness_health`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::agent;
use crate::mcp::answer::Answer;
use crate::mcp::call::Call;
use crate::report::Failure;

/// Requests the readiness URL of each process now and tells status and body.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {}

pub(super) async fn run(_arguments: Arguments, call: &Call) -> Result<Answer, Failure> {
    let context = call.context()?;
    Ok(Answer::of(&agent::health(&context, call.agent(&context)?).await?))
}
