//! What the tables need of a database: one trait, over `SQLite` and over PostgreSQL.
//!
//! Statements are written once. They have `?1`, `?2`, ... where values belong, whole numbers of 64 bits and texts as the only
//! types, and nothing that one of the two does not know. Where the two have to differ, the trait says how.

use super::StoreError;

/// One value of a row or of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::serve) enum Value {
    Null,
    Integer(i64),
    Text(String),
}

/// The values of a statement.
macro_rules! values {
    ($($value:expr),* $(,)?) => { &[$($crate::serve::store::sql::Value::from($value)),*] };
}
pub(super) use values;

/// One transaction, or a look from outside of any.
pub(in crate::serve) trait Sql {
    /// The rows that a statement has.
    fn query(&self, sql: &str, values: &[Value]) -> Result<Vec<Row>, StoreError>;
    /// Runs a statement; how many rows it changed.
    fn execute(&self, sql: &str, values: &[Value]) -> Result<u64, StoreError>;
    /// The clock of the database, in milliseconds since 1970: several servers have one.
    fn now(&self) -> Result<i64, StoreError>;
    /// What a `SELECT` ends with that keeps others from its rows until the end.
    fn for_update(&self) -> &'static str;
    /// The same, passing over rows that somebody else keeps.
    fn skip_locked(&self) -> &'static str;
    /// The statement that has a number higher than all that it had before.
    fn next_fence(&self) -> &'static str;
}

impl dyn Sql + '_ {
    /// The first row.
    pub(super) fn first(&self, sql: &str, values: &[Value]) -> Result<Option<Row>, StoreError> {
        Ok(self.query(sql, values)?.into_iter().next())
    }

    /// The only column of the only row.
    pub(super) fn one<T: Column>(&self, sql: &str, values: &[Value]) -> Result<T, StoreError> {
        self.first(sql, values)?.ok_or(StoreError::Unexpected)?.get(0)
    }

    /// The first column of each row.
    pub(super) fn column<T: Column>(&self, sql: &str, values: &[Value]) -> Result<Vec<T>, StoreError> {
        self.query(sql, values)?.iter().map(|row| row.get(0)).collect()
    }
}

/// A row.
#[derive(Debug)]
pub(in crate::serve) struct Row(pub(super) Vec<Value>);

impl Row {
    /// A column, from 0.
    pub(super) fn get<T: Column>(&self, at: usize) -> Result<T, StoreError> {
        self.0.get(at).and_then(T::of).ok_or(StoreError::Unexpected)
    }
}

/// What a column may be read as.
pub(in crate::serve) trait Column: Sized {
    /// `None`: it is something else.
    fn of(value: &Value) -> Option<Self>;
}

impl Column for String {
    fn of(value: &Value) -> Option<Self> {
        if let Value::Text(text) = value { Some(text.clone()) } else { None }
    }
}

impl Column for bool {
    fn of(value: &Value) -> Option<Self> {
        i64::of(value).map(|number| number != 0)
    }
}

impl<T: Column> Column for Option<T> {
    fn of(value: &Value) -> Option<Self> {
        if *value == Value::Null { Some(None) } else { T::of(value).map(Some) }
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Integer(value.into())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl From<&Option<String>> for Value {
    fn from(value: &Option<String>) -> Self {
        value.as_ref().into()
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Integer(number.into())
    }
}

impl From<u8> for Value {
    fn from(number: u8) -> Self {
        Self::Integer(number.into())
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        // a number that is too high is that of no row
        Self::Integer(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl Column for i64 {
    fn of(value: &Value) -> Option<Self> {
        if let Value::Integer(number) = value { Some(*number) } else { None }
    }
}

macro_rules! unsigned {
    ($($number:ty),*) => { $(
        impl Column for $number {
            fn of(value: &Value) -> Option<Self> {
                i64::of(value).and_then(|number| Self::try_from(number).ok())
            }
        }
    )* };
}
unsigned!(u64, u32, u8);
