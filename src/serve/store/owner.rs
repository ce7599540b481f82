//! The store: what it keeps where.

use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, Transaction};
use tokio::sync::Notify;

use super::here::Here;
use super::postgres::{self, Pool, QueueDatabase, Scope};
use super::sql::Sql;
use super::sqlite::Sqlite;
use super::stream::Stream;
use super::{StoreError, events};
use crate::report::Happening;

/// The databases, as everybody may use them.
#[derive(Clone)]
pub(in crate::serve) struct Store {
    here: Here,
    shared: Option<Pool>,
    queue: Arc<Notify>,
}

impl Store {
    /// Opens the database of this home, and the one that several servers share.
    ///
    /// # Errors
    /// One of them is no database, cannot be reached, or a newer harness wrote it.
    pub(in crate::serve) async fn open(path: &Path, shared: Option<QueueDatabase>) -> Result<Self, StoreError> {
        let here = Here::open(path)?;
        let queue = Arc::new(Notify::new());
        let shared = match shared {
            Some(database) => Some(postgres::open(&database, &here, &queue).await?),
            None => None,
        };
        Ok(Self { here, shared, queue })
    }

    /// Whether other servers may change tickets and the queue.
    pub(in crate::serve) fn is_shared(&self) -> bool {
        self.shared.is_some()
    }

    /// Notified when something happened in the queue.
    pub(in crate::serve) fn queue(&self) -> Arc<Notify> {
        Arc::clone(&self.queue)
    }

    /// The events.
    pub(super) fn stream(&self) -> &Arc<Stream> {
        &self.here.stream
    }

    /// Asks for tickets, the queue and what belongs to them.
    ///
    /// # Errors
    /// A statement failed.
    pub(in crate::serve) async fn read<T: Send + 'static, E: From<StoreError> + Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Sql) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        match &self.shared {
            Some(pool) => pool.run(Scope::Look, move |sql| Ok((work(sql)?, Vec::new()))).await,
            None => self.here.read(move |connection| work(&Sqlite(connection))).await,
        }
    }

    /// Changes them and tells what happened: both or neither. One such change is made at a time, by whichever server.
    ///
    /// # Errors
    /// A statement failed, or `work` did; nothing was changed.
    pub(in crate::serve) async fn change<T: Send + 'static, E: From<StoreError> + Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Sql) -> Result<(T, Vec<Happening>), E> + Send + 'static,
    ) -> Result<T, E> {
        self.in_scope(Scope::Board, work).await
    }

    /// Changes single jobs, and no ticket: servers do this beside each other.
    ///
    /// # Errors
    /// As [`Store::change`].
    pub(in crate::serve) async fn change_job<T: Send + 'static, E: From<StoreError> + Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Sql) -> Result<(T, Vec<Happening>), E> + Send + 'static,
    ) -> Result<T, E> {
        self.in_scope(Scope::Job, work).await
    }

    async fn in_scope<T: Send + 'static, E: From<StoreError> + Send + 'static>(
        &self,
        scope: Scope,
        work: impl FnOnce(&dyn Sql) -> Result<(T, Vec<Happening>), E> + Send + 'static,
    ) -> Result<T, E> {
        match &self.shared {
            Some(pool) => pool.run(scope, work).await,
            None => self.here.change(move |transaction| work(&Sqlite(transaction))).await,
        }
    }

    /// Asks for what is of this home alone: events, and the jobs that are verbs.
    ///
    /// # Errors
    /// A statement failed.
    pub(in crate::serve) async fn read_here<T: Send + 'static, E: From<StoreError> + Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        self.here.read(work).await
    }

    /// Changes that.
    ///
    /// # Errors
    /// As [`Store::change`].
    pub(in crate::serve) async fn change_here<T: Send + 'static, E: From<StoreError> + Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<(T, Vec<Happening>), E> + Send + 'static,
    ) -> Result<T, E> {
        self.here.change(work).await
    }

    /// Tells what happened.
    ///
    /// # Errors
    /// It could not be written.
    pub(in crate::serve) async fn tell(&self, happenings: Vec<Happening>) -> Result<(), StoreError> {
        self.change_here(move |_| Ok::<_, StoreError>(((), happenings))).await
    }

    /// The number of the last event.
    pub(in crate::serve) fn latest(&self) -> u64 {
        self.here.stream.latest()
    }

    /// Events after a number, oldest first, as many as make a batch.
    ///
    /// # Errors
    /// They could not be read.
    pub(in crate::serve) async fn events_after(&self, number: u64) -> Result<Vec<(u64, Arc<str>)>, StoreError> {
        self.read_here(move |connection| Ok(events::after(connection, number)?)).await
    }
}
