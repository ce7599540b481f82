//! `psql <id> <query>`: a query in the agent's own database, as its own role; `slow-queries`: which statements took
//! longest there.

use std::time::Duration;

use super::{Context, Error, ownership, undone};
use crate::infra;
use crate::postgres;
use crate::postgres::query::Session;
use crate::postgres::{Patience, Server};
use crate::project::AgentId;
use crate::report::{Failure, QueryResult, SlowQueries, SlowQueryRow, StatementResult};
use crate::supervisor::{Client, Destination};
use crate::system::{self, Deadline, Secret};

/// Runs `query`, which may hold several statements: each has its result. `on_failure` gets the results of those before
/// one that fails; what they changed is undone.
///
/// # Errors
/// The agent has no database or is another project's and `force` is not set, its server is down, or the query is wrong.
pub async fn query(
    context: &Context,
    agent: AgentId,
    query: &str,
    force: bool,
    on_failure: impl FnOnce(&QueryResult),
) -> Result<QueryResult, Failure> {
    let session = session(context, agent, force).await?;
    let mut results = Vec::new();
    let outcome = session.run(query, |result| results.push(result)).await;
    let statement = |one: postgres::query::ResultSet| StatementResult {
        columns: one.columns,
        rows: one.rows,
        affected: one.affected,
    };
    if let Err(error) = outcome {
        let before = document(agent, postgres::query::ResultSet::default());
        on_failure(&QueryResult { statements: results.into_iter().map(statement).collect(), ..before });
        return Err(error.into());
    }
    let last = results.iter().rposition(|result| !result.columns.is_empty()).or(results.len().checked_sub(1));
    let result = last.map(|last| results[last].clone()).unwrap_or_default();
    let all = if results.len() > 1 { results } else { Vec::new() };
    Ok(QueryResult { statements: all.into_iter().map(statement).collect(), ..document(agent, result) })
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
    let session = session(context, agent, false).await?;
    let (result, more) = session.read(query, limit).await?;
    Ok((document(agent, result), more))
}

/// How long the command's own way to the server is tried: where there is none, that is refused at once.
const TRY: Duration = Duration::from_millis(500);

/// A connection to the agent's database as the agent's role.
async fn session(context: &Context, agent: AgentId, force: bool) -> Result<Session, Failure> {
    // a query may change anything
    ownership::check_agent(context, agent, force)?;
    let record = undone::existing(context, agent)?;
    let password = record.database_password.as_ref().ok_or(Error::Without { agent, what: "database" })?;
    let server = infra::open(&context.home).await?.and_then(|infra| infra.servers.postgres);
    let server = server.map(|server| server.with_patience(Patience::READING));
    if let Some(connection) = passage(context, agent, server.as_ref()).await? {
        let address = connection.peer_addr().map_err(system::Error::call("look at the connection"))?;
        let server = Server { host: address.ip().to_string(), ..Server::local(address.port(), "", Secret::new("")) };
        let login = server.with_patience(Patience::READING).agent_login(agent, password);
        return Ok(Session::over(connection, &login).await?);
    }
    let server = server.ok_or_else(|| context.without_servers())?;
    Ok(Session::open(&server.agent_login(agent, password)).await?)
}

fn document(agent: AgentId, result: postgres::query::ResultSet) -> QueryResult {
    QueryResult {
        schema: "harness/psql/1".to_owned(),
        agent: agent.get(),
        columns: result.columns,
        rows: result.rows,
        affected: result.affected,
        statements: Vec::new(),
    }
}

/// A connection to the agent's database that its supervisor makes, where the command cannot make one: in a sandbox that
/// has no network, or sees nothing of the home but the agent's own directory.
async fn passage(
    context: &Context,
    agent: AgentId,
    server: Option<&Server>,
) -> Result<Option<tokio::net::TcpStream>, Failure> {
    if let Some(server) = server {
        let attempt = tokio::net::TcpStream::connect((server.host.as_str(), server.port));
        match Deadline::after("PostgreSQL", TRY).run(attempt).await {
            Ok(Err(_)) => {}
            // it can be reached, or is slow to: one that does not answer is dealt with as everywhere
            Ok(Ok(_)) | Err(_) => return Ok(None),
        }
    }
    let Some(supervisor) = Client::connect(&context.home.stack_dir(agent.stack()))? else { return Ok(None) };
    match supervisor.connection(Destination::Database).await {
        Ok(connection) => Ok(Some(connection)),
        // the command's own attempt waits for a server that is being started again, and says what is wrong
        Err(_) if server.is_some() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The statements of the agent's own database that took longest altogether, by `pg_stat_statements`; with
/// `reset` they are forgotten afterwards.
///
/// # Errors
/// The agent has no database, its server is down, or has no `pg_stat_statements`; `reset` of an agent of another project
/// without `force`.
pub async fn slow_queries(
    context: &Context,
    agent: AgentId,
    limit: usize,
    reset: bool,
    force: bool,
) -> Result<SlowQueries, Failure> {
    // the statistics are read by whoever looks there; only a reset changes something
    ownership::check_agent(context, agent, force || !reset)?;
    let record = undone::existing(context, agent)?;
    let infra = infra::open(&context.home).await?.ok_or_else(|| context.without_servers())?;
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
