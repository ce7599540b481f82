//! `harness_psql`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::agent;
use crate::mcp::answer::Answer;
use crate::mcp::call::Call;
use crate::report::Failure;

/// Reads from your database: one SQL statement in a read-only transaction. To change data, run `harness psql` in a shell.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The statement.
    query: String,
    /// How many rows: 200 when left out, 2000 at most.
    limit: Option<usize>,
    /// How many rows to leave out: to read on where an answer was cut.
    #[serde(default)]
    offset: usize,
}

pub(super) async fn run(arguments: Arguments, call: &Call) -> Result<Answer, Failure> {
    let context = call.context()?;
    let limit = arguments.limit.unwrap_or(200).clamp(1, 2000);
    let upto = arguments.offset.saturating_add(limit);
    let agent = call.agent(&context)?;
    let (mut result, more) = agent::read(&context, agent, &arguments.query, upto).await?;
    result.rows.drain(..arguments.offset.min(result.rows.len()));
    Ok(Answer::of(&result).page("rows", arguments.offset, more))
}
