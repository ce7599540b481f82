//! `harness_slow_queries`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::agent;
use crate::mcp::answer::Answer;
use crate::mcp::call::Call;
use crate::report::Failure;

/// Shows the SQL statements of your database that took the most time.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// How many: 10 when left out, 100 at most.
    limit: Option<usize>,
}

pub(super) async fn run(arguments: Arguments, call: &Call) -> Result<Answer, Failure> {
    let context = call.context()?;
    let limit = arguments.limit.unwrap_or(10).clamp(1, 100);
    let report = agent::slow_queries(&context, call.agent(&context)?, limit, false, false).await?;
    Ok(Answer::of(&report).page("queries", 0, false))
}
