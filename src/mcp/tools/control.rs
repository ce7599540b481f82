//! `harness_restart`, `harness_stop`, `harness_start`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::agent::{self, Action};
use crate::mcp::answer::Answer;
use crate::mcp::call::Call;
use crate::report::Failure;

/// Restarts processes with the present environment and waits until they have settled: for what does not reload by itself.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Restart {
    /// Only these; all when left out.
    #[serde(default)]
    processes: Vec<String>,
}

/// Stops processes; database, files and work tree stay.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Stop {
    /// Only these; all when left out.
    #[serde(default)]
    processes: Vec<String>,
}

/// Starts processes that were stopped and waits until they have settled.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Start {
    /// Only these; all when left out.
    #[serde(default)]
    processes: Vec<String>,
}

pub(super) async fn restart(arguments: Restart, call: &Call) -> Result<Answer, Failure> {
    act(Action::Restart, &arguments.processes, call).await
}

pub(super) async fn stop(arguments: Stop, call: &Call) -> Result<Answer, Failure> {
    act(Action::Stop, &arguments.processes, call).await
}

pub(super) async fn start(arguments: Start, call: &Call) -> Result<Answer, Failure> {
    act(Action::Start, &arguments.processes, call).await
}

async fn act(action: Action, processes: &[String], call: &Call) -> Result<Answer, Failure> {
    let context = call.context()?;
    let report = agent::control(&context, call.agent(&context)?, action, processes, false).await?;
    let mut meant = report.processes.iter().filter(|row| processes.is_empty() || processes.contains(&row.name));
    let well = meant.all(|row| row.state.is_well());
    Ok(Answer::of(&report).failed_if(!well))
}
