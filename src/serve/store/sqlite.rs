//! `SQLite`. There is one writer, so nothing has to be kept from anybody.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql, params_from_iter};

use super::StoreError;
use super::sql::{Row, Sql, Value};

/// A transaction, or a look from outside of any.
pub(super) struct Sqlite<'a>(pub(super) &'a Connection);

impl Sql for Sqlite<'_> {
    fn query(&self, sql: &str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        let mut statement = self.0.prepare_cached(sql)?;
        let count = statement.column_count();
        let rows = statement.query_map(params_from_iter(values), |row| {
            let column = |at| row.get_ref(at).map(value);
            Ok(Row((0..count).map(column).collect::<rusqlite::Result<_>>()?))
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    fn execute(&self, sql: &str, values: &[Value]) -> Result<u64, StoreError> {
        let changed = self.0.prepare_cached(sql)?.execute(params_from_iter(values))?;
        Ok(u64::try_from(changed).unwrap_or_default())
    }

    fn now(&self) -> Result<i64, StoreError> {
        Ok(jiff::Timestamp::now().as_millisecond())
    }

    fn for_update(&self) -> &'static str {
        ""
    }

    fn skip_locked(&self) -> &'static str {
        ""
    }

    fn next_fence(&self) -> &'static str {
        "UPDATE fences SET last = last + 1 RETURNING last"
    }
}

fn value(found: ValueRef<'_>) -> Value {
    match found {
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        // tables are strict and have no such columns
        ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_) => Value::Null,
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}
