//! `psql <id> <query>`: a query in the agent's own database, as its own role.

use super::{Context, Error, access};
use crate::postgres;
use crate::project::AgentId;
use crate::report::{Failure, QueryResult};

/// Runs `query`, which may hold several statements; the rows are those of the last one that has any.
///
/// # Errors
/// The agent has no database, its server is down, or the query is wrong.
pub async fn query(context: &Context, agent: AgentId, query: &str) -> Result<QueryResult, Failure> {
    let credentials = access::database(context, agent).await?.ok_or(Error::Without { agent, what: "database" })?;
    let mut results = postgres::query::run(&credentials, query).await?;
    let last = results.iter().rposition(|result| !result.columns.is_empty()).or(results.len().checked_sub(1));
    let result = last.map(|last| results.swap_remove(last)).unwrap_or_default();
    Ok(QueryResult {
        schema: "harness/psql/1".to_owned(),
        agent: agent.get(),
        columns: result.columns,
        rows: result.rows,
        affected: result.affected,
    })
}
