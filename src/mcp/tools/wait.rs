//! `harness_wait`.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::arguments::duration;
use crate::agent;
use crate::mcp::answer::Answer;
use crate::mcp::call::Call;
use crate::report::{Failure, WaitFor};

/// Waits until processes are ready, stopped or ended; ends early where they cannot get there any more.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// Only these; all when left out.
    #[serde(default)]
    processes: Vec<String>,
    /// What to wait for.
    #[serde(default, rename = "for")]
    wanted: Wanted,
    /// How long: `60s` when left out.
    timeout: Option<String>,
}

#[derive(Debug, Default, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Wanted {
    #[default]
    Ready,
    Stopped,
    Exit,
}

pub(super) async fn run(arguments: Arguments, call: &Call) -> Result<Answer, Failure> {
    let context = call.context()?;
    let wanted = match arguments.wanted {
        Wanted::Ready => WaitFor::Ready,
        Wanted::Stopped => WaitFor::Stopped,
        Wanted::Exit => WaitFor::Exit,
    };
    let timeout = duration(arguments.timeout.as_deref())?.unwrap_or(Duration::from_mins(1));
    Ok(Answer::of(&agent::wait(&context, call.agent(&context)?, wanted, &arguments.processes, timeout).await?))
}
