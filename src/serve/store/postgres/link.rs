//! One connection: transactions that begin, commit, or leave nothing.

use std::cell::RefCell;
use std::collections::HashMap;

use tokio::runtime::Runtime;
use tokio_postgres::SimpleQueryMessage;

use super::connection::{connect, in_time, prepare};
use super::database::QueueDatabase;
use super::session::{Open, Session};
use crate::report::Happening;
use crate::serve::store::StoreError;
use crate::serve::store::sql::{Sql, values};

/// Happenings that are kept.
const KEPT: u64 = 10_000;
/// How many are removed together.
const TOGETHER: u64 = 500;

/// What a transaction does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::serve::store) enum Scope {
    /// It looks, at one moment.
    Look,
    /// It changes single jobs.
    Job,
    /// It changes what it likes; one at a time does.
    Board,
}

impl Scope {
    fn begin(self) -> &'static str {
        match self {
            Self::Look => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Self::Job => "BEGIN",
            // of this database alone; the number means "harness"
            Self::Board => "BEGIN; SELECT pg_advisory_xact_lock(7522617370)",
        }
    }
}

/// The clock of the server; the last statement of what begins a transaction.
const CLOCK: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";
const NEXT: &str = "WITH next AS (UPDATE outbox_last SET last = last + 1 RETURNING last)
                    INSERT INTO outbox (number, document) SELECT last, ?1 FROM next RETURNING number";
pub(super) const CHANNEL: &str = "harness_queue";

/// A connection that is made when it is needed, and again when it broke.
pub(super) struct Link {
    pub(super) runtime: Runtime,
    database: QueueDatabase,
    open: Option<Open>,
}

impl Link {
    pub(super) fn new(runtime: Runtime, database: QueueDatabase) -> Self {
        Self { runtime, database, open: None }
    }

    /// Runs one transaction.
    pub(super) fn run<T, E: From<StoreError>>(
        &mut self,
        scope: Scope,
        work: impl FnOnce(&dyn Sql) -> Result<(T, Vec<Happening>), E>,
    ) -> Result<T, E> {
        let now = self.begin(scope)?;
        let (database, runtime) = (&self.database, &self.runtime);
        let Some(open) = &self.open else { return Err(StoreError::Closed.into()) };
        let session = Session { runtime, database, open, now };
        let outcome = work(&session).and_then(|(value, happenings)| {
            tell(&session, &happenings)?;
            Ok((value, !happenings.is_empty()))
        });
        let end = match &outcome {
            Ok((_, true)) => format!("NOTIFY {CHANNEL}; COMMIT"),
            Ok((_, false)) => "COMMIT".to_owned(),
            Err(_) => "ROLLBACK".to_owned(),
        };
        let ended = runtime.block_on(in_time(database, open.client.batch_execute(&end)));
        let ended = ended.and_then(|ended| Ok(ended?));
        if ended.is_err() {
            // whatever it still holds ends with it
            self.open = None;
        }
        let (value, _) = outcome?;
        ended?;
        Ok(value)
    }

    /// Begins a transaction; the clock of the server. A connection that broke meanwhile is made again, once.
    fn begin(&mut self, scope: Scope) -> Result<i64, StoreError> {
        let begin = format!("{}; {CLOCK}", scope.begin());
        if let Some(open) = &self.open
            && !open.client.is_closed()
            && let Ok(now) = self.clock(open, &begin)
        {
            return Ok(now);
        }
        self.open = None;
        let open = self.runtime.block_on(establish(&self.database))?;
        let now = self.clock(&open, &begin)?;
        self.open = Some(open);
        Ok(now)
    }

    fn clock(&self, open: &Open, begin: &str) -> Result<i64, StoreError> {
        let messages = self.runtime.block_on(in_time(&self.database, open.client.simple_query(begin)))??;
        let mut rows = messages.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        });
        rows.next_back().and_then(|now| now.parse().ok()).ok_or(StoreError::Unexpected)
    }
}

async fn establish(database: &QueueDatabase) -> Result<Open, StoreError> {
    let (client, driver) = connect(database).await?;
    tokio::spawn(driver);
    prepare(database, &client).await?;
    Ok(Open { client, prepared: RefCell::new(HashMap::new()) })
}

/// Writes what happened.
fn tell(sql: &dyn Sql, happenings: &[Happening]) -> Result<(), StoreError> {
    for happening in happenings {
        let document = serde_json::to_string(happening).unwrap_or_default();
        let number: u64 = sql.one(NEXT, values![document])?;
        if number.is_multiple_of(TOGETHER) {
            sql.execute("DELETE FROM outbox WHERE number <= ?1", values![number.saturating_sub(KEPT)])?;
        }
    }
    Ok(())
}
