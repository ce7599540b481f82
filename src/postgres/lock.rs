//! Advisory locks, on the admin's session: one for each template, and one for each agent's pair.
//!
//! The server frees the locks of a session only after its last statement ended. So the holder of a lock never
//! meets a CREATE DATABASE of a killed process that still runs. No wait is without a bound, and one that ends names the
//! session that has the lock.

use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio_postgres::error::SqlState;

use crate::project::AgentId;

use super::connection::{Connection, flag, text};
use super::{Error, Result};

/// How long the build of a template by another launch is waited for.
const LONGEST_BUILD: Duration = Duration::from_hours(1);

/// The key of one lock. Advisory locks belong to a database, so every admin connection uses the same one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key(i64);

impl Key {
    pub(super) fn of(name: &str) -> Self {
        let digest = Sha256::digest(format!("harness lock {name}"));
        let bytes: [u8; 8] = digest[..8].try_into().expect("a digest has 32 bytes");
        Self(i64::from_be_bytes(bytes))
    }

    /// The lock on an agent's database, snapshots and role. Every change of them takes it.
    pub(super) fn of_agent(agent: AgentId) -> Self {
        Self::of(&agent.database())
    }

    /// Takes the lock exclusively; waits for other holders, whose work on one agent takes minutes at most.
    pub(super) async fn take(self, connection: &Connection) -> Result<()> {
        self.wait(connection, "pg_advisory_lock", Duration::from_mins(2)).await
    }

    /// Takes the lock shared. `waiting` is called when it is held exclusively.
    pub(super) async fn share(self, connection: &Connection, waiting: impl FnOnce()) -> Result<()> {
        if !self.try_share(connection).await? {
            waiting();
            self.wait(connection, "pg_advisory_lock_shared", LONGEST_BUILD).await?;
        }
        Ok(())
    }

    /// Takes the lock shared if nobody holds it exclusively.
    pub(super) async fn try_share(self, connection: &Connection) -> Result<bool> {
        self.ask(connection, "pg_try_advisory_lock_shared").await
    }

    /// Takes the lock within `limit`.
    ///
    /// # Errors
    /// [`Error::Locked`] names the session that has held it all the time.
    async fn wait(self, connection: &Connection, function: &str, limit: Duration) -> Result<()> {
        // of one message, so that the limit ends with the wait: by the third statement, or because the first is undone
        let sql =
            format!("SET lock_timeout = {}; SELECT {function}({}); SET lock_timeout = 0", limit.as_millis(), self.0);
        match connection.while_answering(connection.client().batch_execute(&sql)).await? {
            Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => {
                Err(Error::Locked { holder: self.holder(connection).await?, waited: limit })
            }
            other => other.map_err(Error::statement("lock")),
        }
    }

    /// Which sessions hold the lock, and what they do.
    async fn holder(self, connection: &Connection) -> Result<String> {
        let sql = format!(
            "SELECT format('session %s (%s, %s for %s s): %s', pid, application_name, state, \
                    extract(epoch FROM now() - state_change)::int, left(query, 100)) AS holder \
             FROM pg_locks JOIN pg_stat_activity USING (pid) \
             WHERE locktype = 'advisory' AND granted AND objsubid = 1 \
               AND (classid::bigint << 32 | objid::bigint) = {}",
            self.0
        );
        let rows = connection.rows("find who holds the lock", &sql).await?;
        let holders: Vec<String> = rows.iter().map(|row| text(row, "holder")).collect();
        Ok(if holders.is_empty() { "a session that has just ended".to_owned() } else { holders.join("; ") })
    }

    /// Takes the lock exclusively if it is free.
    pub(super) async fn try_take(self, connection: &Connection) -> Result<bool> {
        self.ask(connection, "pg_try_advisory_lock").await
    }

    /// Turns an exclusive lock into a shared one without freeing it in between.
    pub(super) async fn downgrade(self, connection: &Connection) -> Result<()> {
        self.call(connection, "pg_advisory_lock_shared").await?;
        self.release(connection).await
    }

    /// Releases an exclusive lock.
    pub(super) async fn release(self, connection: &Connection) -> Result<()> {
        self.call(connection, "pg_advisory_unlock").await
    }

    /// Releases a shared lock.
    pub(super) async fn release_shared(self, connection: &Connection) -> Result<()> {
        self.call(connection, "pg_advisory_unlock_shared").await
    }

    async fn call(self, connection: &Connection, function: &str) -> Result<()> {
        connection.execute("lock", &format!("SELECT {function}({})", self.0)).await
    }

    async fn ask(self, connection: &Connection, function: &str) -> Result<bool> {
        let sql = format!("SELECT {function}({}) AS granted", self.0);
        let rows = connection.rows("lock", &sql).await?;
        Ok::<_, Error>(rows.first().is_some_and(|row| flag(row, "granted")))
    }
}
