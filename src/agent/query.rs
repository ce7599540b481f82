//! `psql <id> <query>`: a query in the agent's own database, as its own role; `slow-queries`: which statements took
//! longest there.

use super::{Context, Error, Record, environment, ownership};
use crate::infra;
use crate::postgres;
use crate::postgres::Patience;
use crate::project::AgentId;
use crate::report::{Failure, QueryResult, SlowQueries, SlowQueryRow};

/// Runs `query`, which may hold several statements; the rows are those of the last one that has any.
///
/// # Errors
/// The agent has no database, its server is down, or the query is wrong.
pub async fn query(context: &Context, agent: AgentId, query: &str) -> Result<QueryResult, Failure> {
    let credentials = reader(context, agent).await?;
    let mut results = postgres::query::run(&credentials, query).await?;
    let last = results.iter().rposition(|result| !result.columns.is_empty()).or(results.len().checked_sub(1));
    let result = last.map(|last| results.swap_remove(last)).unwrap_or_default();
    Ok(document(agent, result))
}

/// The first `limit` rows of one statement that only reads, and whether there are more.
///
/// # Errors
/// As for [`query`]; or the statement changes something, or is more than one.
pub async fn read(
    context: &Context,
    agent: AgentId,
    query: &str,
    limit: usize,
) -> Result<(QueryResult, bool), Failure> {
    let credentials = reader(context, agent).await?;
    let (result, more) = postgres::query::read(&credentials, query, limit).await?;
    Ok((document(agent, result), more))
}

async fn reader(context: &Context, agent: AgentId) -> Result<postgres::DatabaseCredentials, Failure> {
    let record = Record::read(&context.home, agent)?.ok_or(Error::Unknown(agent))?;
    // a query may change anything
    ownership::check(context, &record, false)?;
    let mut credentials =
        environment::database(context, agent).await?.ok_or(Error::Without { agent, what: "database" })?;
    credentials.access.patience = Patience::READING;
    Ok(credentials)
}

fn document(agent: AgentId, result: postgres::query::ResultSet) -> QueryResult {
    QueryResult {
        schema: "harness/psql/1".to_owned(),
        agent: agent.get(),
        columns: result.columns,
        rows: result.rows,
        affected: result.affected,
    }
}

/// The statements of the agent's own database that took longest altogether, by `pg_stat_statements`; with
/// `reset` they are forgotten afterwards.
///
/// # Errors
/// The agent has no database, its server is down, or has no `pg_stat_statements`.
pub async fn slow_queries(
    context: &Context,
    agent: AgentId,
    limit: usize,
    reset: bool,
) -> Result<SlowQueries, Failure> {
    let record = Record::read(&context.home, agent)?.ok_or(Error::Unknown(agent))?;
    let infra = infra::open(&context.home).await?.ok_or(Error::NoInfra)?;
    let server = infra.servers.postgres.as_ref().filter(|_| record.database_password.is_some());
    let server = &server.cloned().ok_or(Error::Without { agent, what: "database" })?.with_patience(Patience::READING);
    let database = agent.database();
    let queries = postgres::slow_queries::list(server, &database, limit).await?;
    if reset {
        postgres::slow_queries::reset(server, &database).await?;
    }
    let row = |query: postgres::slow_queries::SlowQuery| SlowQueryRow {
        calls: query.calls,
        total_ms: query.total_ms,
        mean_ms: query.mean_ms,
        max_ms: query.max_ms,
        rows: query.rows,
        query: query.query,
    };
    Ok(SlowQueries {
        schema: "harness/slow-queries/1".to_owned(),
        agent: agent.get(),
        database,
        reset,
        queries: queries.into_iter().map(row).collect(),
    })
}
