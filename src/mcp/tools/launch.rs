//! `harness_launch`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::arguments::limit;
use crate::agent::{self, LaunchOptions};
use crate::mcp::answer::Answer;
use crate::mcp::call::Call;
use crate::report::Failure;
use crate::verify;

/// Starts this tree's copy of the application and waits until it is healthy; run again, it repairs what is missing and
/// applies an edited harness.toml.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// Replace the database with a freshly migrated and seeded one; its contents are lost.
    #[serde(default)]
    reset_db: bool,
    /// Disabled processes to start all the same.
    #[serde(default)]
    with: Vec<String>,
    /// How long the processes may take to become healthy, like `90s`.
    timeout: Option<String>,
}

pub(super) async fn run(arguments: Arguments, call: &Call) -> Result<Answer, Failure> {
    let options = LaunchOptions {
        with: arguments.with,
        timeout: limit(arguments.timeout.as_deref())?,
        reset_database: arguments.reset_db,
        ..LaunchOptions::default()
    };
    let context = call.context_to_make()?;
    let (launch, worst) = match call.named {
        Some(agent) => agent::launch(&context, &[agent], &options).await?,
        None => agent::launch_here(&context, &options).await?,
    };
    verify::gate_commits(&context, &launch).await;
    Ok(Answer::of(&launch).failed_if(worst.is_some()))
}
