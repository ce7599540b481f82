//! `harness_url`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::agent::{self, UrlKind};
use crate::mcp::answer::Answer;
use crate::mcp::call::Call;
use crate::report::Failure;

/// Tells the URLs and ports of this tree's application; they differ for every tree.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// Only the URL of this port.
    port: Option<String>,
}

pub(super) async fn run(arguments: Arguments, call: &Call) -> Result<Answer, Failure> {
    let context = call.context()?;
    Ok(Answer::of(&agent::urls(&context, call.agent(&context)?, arguments.port.as_deref(), UrlKind::Port)?))
}
