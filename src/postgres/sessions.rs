//! A database without sessions, for the moment in which that is needed.
//!
//! A statement that waits for the sessions of a database is run while they are ended, again and again, from a second
//! connection, within a bound; then the error names those that are in the way.

use std::time::{Duration, Instant};

use rand::RngExt;
use tokio_postgres::error::SqlState;

use super::connection::{Connection, text};
use super::sql::literal;
use super::{Error, Result, Server};

/// How long a copy is retried while sessions keep coming back.
const PATIENCE: Duration = Duration::from_secs(30);
/// After this time a pending CREATE DATABASE is taken to wait for sessions.
const EVICT_AFTER: Duration = Duration::from_millis(120);
/// Between two looks for open transactions: most are short, and so are the moments between them.
const DRAIN_LOOK: Duration = Duration::from_millis(5);

/// Runs a statement that needs a database without sessions. Sessions that connect meanwhile are ended.
pub(super) async fn without_sessions(
    server: &Server,
    connection: &Connection,
    database: &str,
    action: &str,
    sql: &str,
) -> Result<()> {
    let began = Instant::now();
    loop {
        let attempt = connection.execute(action, sql);
        tokio::pin!(attempt);
        let result = tokio::select! {
            result = &mut attempt => result,
            () = tokio::time::sleep(EVICT_AFTER) => tokio::select! {
                result = &mut attempt => result,
                error = keep_evicting(server, database) => {
                    // no second admin connection: wait for the first
                    drop(error);
                    attempt.await
                }
            },
        };
        match result {
            Err(error) if error.sql_state() == Some(&SqlState::OBJECT_IN_USE) => {
                if began.elapsed() > PATIENCE {
                    return Err(busy(connection, database, began.elapsed(), error).await);
                }
                let _ = connection.rows("end sessions", &evict_sql(database)).await;
                let jitter = rand::rng().random_range(5..100);
                tokio::time::sleep(Duration::from_millis(jitter)).await;
            }
            other => return other,
        }
    }
}

/// What became of the sessions of a database that was copied or replaced.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cut {
    /// How many had a transaction open when the time that they were given was over, and lost it.
    pub open: u64,
}

/// Waits until no session of a database has a transaction open, at most as long as the server is to be drained. A session
/// without one may begin the next at once: the caller ends them without delay.
pub(super) async fn drain(server: &Server, connection: &Connection, database: &str) -> Result<Cut> {
    let limit = server.access.drain;
    if limit.is_zero() {
        return Ok(Cut::default());
    }
    let sql = format!(
        "SELECT count(*) AS open FROM pg_stat_activity \
          WHERE datname = {} AND xact_start IS NOT NULL AND backend_type = 'client backend' AND pid <> pg_backend_pid()",
        literal(database)
    );
    let began = Instant::now();
    loop {
        let rows = connection.rows("look for open transactions", &sql).await?;
        let open = rows.first().and_then(|row| text(row, "open").parse().ok()).unwrap_or_default();
        if open == 0 || began.elapsed() >= limit {
            return Ok(Cut { open });
        }
        tokio::time::sleep(DRAIN_LOOK.min(limit.saturating_sub(began.elapsed()))).await;
    }
}

/// Ends sessions repeatedly; returns only when that fails.
async fn keep_evicting(server: &Server, database: &str) -> Error {
    let connection = match Connection::admin(server).await {
        Ok(connection) => connection,
        Err(error) => return error,
    };
    let mut pause = Duration::from_millis(20);
    loop {
        if let Err(error) = connection.rows("end sessions", &evict_sql(database)).await {
            return error;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(500));
    }
}

async fn busy(connection: &Connection, database: &str, waited: Duration, error: Error) -> Error {
    let sql = format!(
        "SELECT format('pid %s, %s, %s', pid, coalesce(usename, backend_type), application_name) AS session \
           FROM pg_stat_activity WHERE datname = {}",
        literal(database)
    );
    let sessions = connection.rows("list sessions", &sql).await.unwrap_or_default();
    Error::Busy {
        name: database.to_owned(),
        waited,
        sessions: sessions.iter().map(|row| text(row, "session")).collect(),
        source: Box::new(error),
    }
}

/// Ends every session on a database but this one's, as far as the admin may: one that is no superuser is refused
/// the server's own workers (autovacuum, which gives way by itself) and superusers' sessions.
pub(super) fn evict_sql(database: &str) -> String {
    format!(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity s LEFT JOIN pg_roles r ON r.oid = s.usesysid \
          WHERE s.datname = {} AND s.pid <> pg_backend_pid() \
            AND (current_setting('is_superuser') = 'on' OR NOT r.rolsuper AND pg_has_role(r.oid, 'USAGE'))",
        literal(database)
    )
}
