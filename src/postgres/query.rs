//! Running SQL for a person: `harness psql 3 "select 1"`.

use futures_util::TryStreamExt;
use tokio::net::TcpStream;
use tokio_postgres::SimpleQueryMessage;

use super::connection::Connection;
use super::{DatabaseCredentials, Error, Result};

/// What one statement returned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResultSet {
    /// The columns' names; empty for a statement that returns no rows.
    pub columns: Vec<String>,
    /// Values as the server writes them; `None` is NULL.
    pub rows: Vec<Vec<Option<String>>>,
    /// How many rows were returned or changed.
    pub affected: u64,
}

/// How long a statement that only reads may take.
const READING: &str = "60s";

/// A connection for statements of a person or a program.
pub struct Session(Connection);

impl Session {
    /// Logs in.
    ///
    /// # Errors
    /// The server cannot be reached, or refuses the login.
    pub async fn open(login: &DatabaseCredentials) -> Result<Self> {
        Ok(Self(Connection::open(login).await?))
    }

    /// Logs in over a connection to the server that the caller has.
    ///
    /// # Errors
    /// The server refuses the login, or does not answer.
    pub async fn over(stream: TcpStream, login: &DatabaseCredentials) -> Result<Self> {
        Ok(Self(Connection::over(stream, login).await?))
    }

    /// Runs SQL; `on_result` gets the result of each statement, also of those before one that fails. Several statements
    /// are one transaction.
    ///
    /// # Errors
    /// The server refuses a statement.
    pub async fn run(&self, sql: &str, mut on_result: impl FnMut(ResultSet)) -> Result<()> {
        let Self(connection) = self;
        let work = async {
            let mut messages = std::pin::pin!(connection.client().simple_query_raw(sql).await?);
            let mut current = ResultSet::default();
            while let Some(message) = messages.try_next().await? {
                match message {
                    SimpleQueryMessage::RowDescription(columns) => {
                        current.columns = columns.iter().map(|column| column.name().to_owned()).collect();
                    }
                    SimpleQueryMessage::Row(row) => {
                        let values = (0..row.len()).map(|index| row.get(index).map(ToOwned::to_owned));
                        current.rows.push(values.collect());
                    }
                    SimpleQueryMessage::CommandComplete(affected) => {
                        current.affected = affected;
                        on_result(std::mem::take(&mut current));
                    }
                    _ => {}
                }
            }
            Ok(())
        };
        connection.while_answering(work).await?.map_err(refused)
    }

    /// Runs one statement that only reads; rows after the first `limit` are left out. Whether there are more is the second
    /// of the two.
    ///
    /// Neither `commit` nor another statement can follow it, and the transaction has taken its snapshot, after which the
    /// server lets nobody make it read-write.
    pub async fn read(&self, sql: &str, limit: usize) -> Result<(ResultSet, bool)> {
        let Self(connection) = self;
        let client = connection.client();
        let work = async {
            let begin = format!("begin read only; set local statement_timeout = '{READING}'; select 1");
            client.batch_execute(&begin).await?;
            // the server refuses several statements in one
            client.prepare(sql).await?;
            let mut messages = std::pin::pin!(client.simple_query_raw(sql).await?);
            let mut result = ResultSet::default();
            while let Some(message) = messages.try_next().await? {
                match message {
                    SimpleQueryMessage::RowDescription(columns) => {
                        result.columns = columns.iter().map(|column| column.name().to_owned()).collect();
                    }
                    SimpleQueryMessage::Row(_) if result.rows.len() >= limit => return Ok((result, true)),
                    SimpleQueryMessage::Row(row) => {
                        result.rows.push((0..row.len()).map(|index| row.get(index).map(ToOwned::to_owned)).collect());
                    }
                    SimpleQueryMessage::CommandComplete(affected) => result.affected = affected,
                    _ => {}
                }
            }
            Ok((result, false))
        };
        connection.while_answering(work).await?.map_err(refused)
    }
}

/// Logs in and runs SQL.
///
/// # Errors
/// As for [`Session::open`] and [`Session::run`].
pub async fn run(login: &DatabaseCredentials, sql: &str) -> Result<Vec<ResultSet>> {
    let mut results = Vec::new();
    Session::open(login).await?.run(sql, |result| results.push(result)).await?;
    Ok(results)
}

fn refused(error: tokio_postgres::Error) -> Error {
    match error.as_db_error().cloned() {
        Some(said) => Error::Query { source: Box::new(said) },
        None => Error::statement("run the query")(error),
    }
}
