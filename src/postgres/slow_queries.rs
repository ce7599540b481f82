//! The statements that took longest, by `pg_stat_statements`. Read as the admin from the server's own
//! database, where the extension lives, and filtered by database: an agent sees its own alone.

use tokio_postgres::error::SqlState;

use super::connection::{Connection, text};
use super::sql::literal;
use super::{Error, Result, Server};

/// One normalised statement.
#[derive(Debug, Clone, PartialEq)]
pub struct SlowQuery {
    /// How often it ran.
    pub calls: u64,
    /// Milliseconds altogether.
    pub total_ms: f64,
    /// Milliseconds a call.
    pub mean_ms: f64,
    /// The longest call, in milliseconds.
    pub max_ms: f64,
    /// Rows returned or changed altogether.
    pub rows: u64,
    /// The statement, constants replaced.
    pub query: String,
}

/// The statements of one database, longest in total first; without those of harness itself, the admin's.
pub async fn list(server: &Server, database: &str, limit: usize) -> Result<Vec<SlowQuery>> {
    let sql = format!(
        "SELECT s.calls, s.total_exec_time, s.mean_exec_time, s.max_exec_time, s.rows, s.query \
           FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid \
          WHERE d.datname = {} AND s.userid <> CURRENT_USER::regrole ORDER BY s.total_exec_time DESC LIMIT {limit}",
        literal(database)
    );
    let number = |value: String| value.parse().unwrap_or_default();
    let rows = ask(server, &sql).await?;
    Ok(rows
        .iter()
        .map(|row| SlowQuery {
            calls: text(row, "calls").parse().unwrap_or_default(),
            total_ms: number(text(row, "total_exec_time")),
            mean_ms: number(text(row, "mean_exec_time")),
            max_ms: number(text(row, "max_exec_time")),
            rows: text(row, "rows").parse().unwrap_or_default(),
            query: text(row, "query"),
        })
        .collect())
}

/// Forgets the statements of one database.
pub async fn reset(server: &Server, database: &str) -> Result<()> {
    let sql = format!(
        "SELECT pg_stat_statements_reset(0, d.oid, 0) FROM pg_database d WHERE d.datname = {}",
        literal(database)
    );
    ask(server, &sql).await.map(|_| ())
}

async fn ask(server: &Server, sql: &str) -> Result<Vec<tokio_postgres::SimpleQueryRow>> {
    let connection = Connection::admin(server).await?;
    connection.rows("ask for statement statistics", sql).await.map_err(|error| match error.sql_state() {
        Some(state)
            if [
                SqlState::UNDEFINED_TABLE,
                SqlState::UNDEFINED_FUNCTION,
                SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE,
            ]
            .contains(state) =>
        {
            Error::StatementsUnavailable { source: Box::new(error) }
        }
        _ => error,
    })
}
