//! Events in the database: the last ten thousand, by number.

use std::sync::Arc;

use rusqlite::{Connection, Transaction};

use crate::report::{Happening, StreamEvent};

/// How many are kept.
const KEPT: u64 = 10_000;
/// How many are removed together.
const TOGETHER: u64 = 500;
/// How many make a batch.
pub(super) const BATCH: usize = 256;

/// The number of the last one; 0 where there is none.
pub(super) fn last(connection: &Connection) -> rusqlite::Result<u64> {
    connection.query_row("SELECT coalesce(max(number), 0) FROM events", [], |row| row.get(0))
}

/// Writes what happened, numbered from `last` on.
pub(super) fn insert(
    transaction: &Transaction<'_>,
    last: u64,
    happenings: Vec<Happening>,
) -> rusqlite::Result<Vec<(u64, Arc<str>)>> {
    let mut statement = transaction.prepare_cached("INSERT INTO events (number, document) VALUES (?1, ?2)")?;
    let mut told = Vec::new();
    let time = jiff::Timestamp::now().to_string();
    for (number, happening) in (last + 1..).zip(happenings) {
        let event = StreamEvent { schema: "harness/event/1".to_owned(), number, time: time.clone(), happening };
        let document: Arc<str> = serde_json::to_string(&event).unwrap_or_default().into();
        statement.execute((number, &*document))?;
        told.push((number, document));
        if number.is_multiple_of(TOGETHER) {
            transaction.execute("DELETE FROM events WHERE number <= ?1", [number.saturating_sub(KEPT)])?;
        }
    }
    Ok(told)
}

/// Those after a number, oldest first.
pub(super) fn after(connection: &Connection, number: u64) -> rusqlite::Result<Vec<(u64, Arc<str>)>> {
    let mut statement =
        connection.prepare_cached("SELECT number, document FROM events WHERE number > ?1 ORDER BY number LIMIT ?2")?;
    let rows = statement.query_map((number, BATCH), |row| Ok((row.get(0)?, row.get::<_, String>(1)?.into())))?;
    rows.collect()
}
