//! `harness_status`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::agent;
use crate::mcp::answer::Answer;
use crate::mcp::call::Call;
use crate::report::Failure;

/// Shows the state of the stack: processes, ports, URLs, database, drift, and why something is not healthy.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// Every agent of this machine instead of this tree's.
    #[serde(default)]
    all: bool,
}

pub(super) async fn run(arguments: Arguments, call: &Call) -> Result<Answer, Failure> {
    let context = call.context()?;
    let agent = if arguments.all { None } else { Some(call.agent(&context)?) };
    Ok(Answer::of(&agent::status(&context, agent).await?))
}
