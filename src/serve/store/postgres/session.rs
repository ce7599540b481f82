//! The trait on a connection, within one transaction.

use std::cell::RefCell;
use std::collections::HashMap;
use std::error::Error;

use bytes::BytesMut;
use tokio::runtime::Runtime;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Statement};

use super::connection::in_time;
use super::database::QueueDatabase;
use crate::serve::store::StoreError;
use crate::serve::store::sql::{Row, Sql, Value};

/// Statements of a connection that are prepared.
const PREPARED: usize = 256;

/// A connection, driven by its thread.
pub(super) struct Open {
    pub(super) client: Client,
    pub(super) prepared: RefCell<HashMap<String, Statement>>,
}

/// One transaction.
pub(super) struct Session<'a> {
    pub(super) runtime: &'a Runtime,
    pub(super) database: &'a QueueDatabase,
    pub(super) open: &'a Open,
    /// The clock of the server when it began.
    pub(super) now: i64,
}

impl Session<'_> {
    fn wait<T>(&self, work: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, StoreError> {
        Ok(self.runtime.block_on(in_time(self.database, work))??)
    }

    fn prepare(&self, sql: &str) -> Result<Statement, StoreError> {
        if let Some(known) = self.open.prepared.borrow().get(sql) {
            return Ok(known.clone());
        }
        let statement = self.wait(self.open.client.prepare(&sql.replace('?', "$")))?;
        let mut prepared = self.open.prepared.borrow_mut();
        if prepared.len() >= PREPARED {
            prepared.clear();
        }
        prepared.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

impl Sql for Session<'_> {
    fn query(&self, sql: &str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        let statement = self.prepare(sql)?;
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
        let rows = self.wait(self.open.client.query(&statement, &values))?;
        rows.iter().map(row).collect()
    }

    fn execute(&self, sql: &str, values: &[Value]) -> Result<u64, StoreError> {
        let statement = self.prepare(sql)?;
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
        self.wait(self.open.client.execute(&statement, &values))
    }

    fn now(&self) -> Result<i64, StoreError> {
        Ok(self.now)
    }

    fn for_update(&self) -> &'static str {
        " FOR UPDATE"
    }

    fn skip_locked(&self) -> &'static str {
        " FOR UPDATE SKIP LOCKED"
    }

    fn next_fence(&self) -> &'static str {
        "SELECT nextval('fences')"
    }
}

fn row(row: &tokio_postgres::Row) -> Result<Row, StoreError> {
    let columns = row.columns().iter().enumerate();
    Ok(Row(columns.map(|(at, column)| value(row, at, column.type_())).collect::<Result<_, _>>()?))
}

fn value(row: &tokio_postgres::Row, at: usize, of: &Type) -> Result<Value, StoreError> {
    match *of {
        Type::INT8 => Ok(row.try_get::<_, Option<i64>>(at)?.into()),
        Type::TEXT => Ok(row.try_get::<_, Option<String>>(at)?.into()),
        _ => Err(StoreError::Unexpected),
    }
}

impl ToSql for Value {
    fn to_sql(&self, of: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Integer(number) => number.to_sql(of, out),
            // the only character that a text cannot have there
            Self::Text(text) if text.contains('\0') => text.replace('\0', "\u{fffd}").to_sql(of, out),
            Self::Text(text) => text.to_sql(of, out),
        }
    }

    fn accepts(of: &Type) -> bool {
        matches!(*of, Type::INT8 | Type::TEXT)
    }

    to_sql_checked!();
}
