//! `harness_stats`.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::agent::Sampler;
use crate::mcp::answer::Answer;
use crate::mcp::call::Call;
use crate::report::Failure;

/// Measures CPU, memory, threads and open files of each process.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// Every running stack of this machine instead of this tree's.
    #[serde(default)]
    all: bool,
}

/// How long CPU is measured.
const SAMPLE: Duration = Duration::from_millis(500);

pub(super) async fn run(arguments: Arguments, call: &Call) -> Result<Answer, Failure> {
    let context = call.context()?;
    let agent = if arguments.all { None } else { Some(call.agent(&context)?) };
    Ok(Answer::of(&Sampler::new(&context, agent).next(SAMPLE).await?))
}
