//! Advisory locks, on the admin's session: one for each template, and one for each agent's pair.
//!
//! A session's death frees its locks only after its last statement. So whoever has the lock sees no
//! CREATE DATABASE of a killed process still at work.

use sha2::{Digest, Sha256};

use crate::project::AgentId;

use super::connection::{Connection, flag};
use super::{Error, Result};

/// The lock of one name, as the server knows it. Locks live in the server's own database: every admin
/// session connects there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key(i64);

impl Key {
    pub(super) fn of(name: &str) -> Self {
        let digest = Sha256::digest(format!("harness lock {name}"));
        let bytes: [u8; 8] = digest[..8].try_into().expect("a digest has 32 bytes");
        Self(i64::from_be_bytes(bytes))
    }

    /// The lock on an agent's database, snapshots and role: for whoever changes what there is.
    pub(super) fn of_agent(agent: AgentId) -> Self {
        Self::of(&agent.database())
    }

    /// Takes the lock alone, waiting for whoever has it.
    pub(super) async fn take(self, connection: &Connection) -> Result<()> {
        self.call(connection, "pg_advisory_lock").await
    }

    /// Takes the lock shared. `waiting` is called when somebody has it alone.
    pub(super) async fn share(self, connection: &Connection, waiting: impl FnOnce()) -> Result<()> {
        if !self.ask(connection, "pg_try_advisory_lock_shared").await? {
            waiting();
            self.call(connection, "pg_advisory_lock_shared").await?;
        }
        Ok(())
    }

    /// Takes the lock alone if nobody has it.
    pub(super) async fn try_take(self, connection: &Connection) -> Result<bool> {
        self.ask(connection, "pg_try_advisory_lock").await
    }

    /// From alone to shared, without a moment in between.
    pub(super) async fn downgrade(self, connection: &Connection) -> Result<()> {
        self.call(connection, "pg_advisory_lock_shared").await?;
        self.release(connection).await
    }

    /// Gives up a lock held alone.
    pub(super) async fn release(self, connection: &Connection) -> Result<()> {
        self.call(connection, "pg_advisory_unlock").await
    }

    /// Gives up a shared lock.
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
