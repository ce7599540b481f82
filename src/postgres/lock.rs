//! Advisory locks, on the admin's session: one for each template, and one for each agent's pair.
//!
//! The server frees the locks of a session only after its last statement ended. So the holder of a lock never
//! meets a CREATE DATABASE of a killed process that still runs.

use sha2::{Digest, Sha256};

use crate::project::AgentId;

use super::connection::{Connection, flag};
use super::{Error, Result};

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

    /// Takes the lock exclusively; waits for other holders.
    pub(super) async fn take(self, connection: &Connection) -> Result<()> {
        self.call(connection, "pg_advisory_lock").await
    }

    /// Takes the lock shared. `waiting` is called when it is held exclusively.
    pub(super) async fn share(self, connection: &Connection, waiting: impl FnOnce()) -> Result<()> {
        if !self.ask(connection, "pg_try_advisory_lock_shared").await? {
            waiting();
            self.call(connection, "pg_advisory_lock_shared").await?;
        }
        Ok(())
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
