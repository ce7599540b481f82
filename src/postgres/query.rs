//! Running SQL for a person: `harness psql 3 "select 1"`.

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

/// Runs SQL as the given role; one result for each statement. Several statements are one transaction.
pub async fn run(login: &DatabaseCredentials, sql: &str) -> Result<Vec<ResultSet>> {
    let connection = Connection::open(login).await?;
    let messages = connection.while_answering(connection.client().simple_query(sql)).await?.map_err(refused)?;
    let (mut results, mut current) = (Vec::new(), ResultSet::default());
    for message in messages {
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
                results.push(std::mem::take(&mut current));
            }
            _ => {}
        }
    }
    Ok(results)
}

fn refused(error: tokio_postgres::Error) -> Error {
    match error.as_db_error().cloned() {
        Some(said) => Error::Query { source: Box::new(said) },
        None => Error::statement("run the query")(error),
    }
}
