//! The thread that owns the connection.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::stream::Stream;
use super::{StoreError, events, migrations};
use crate::report::Happening;
use crate::system;

/// How much work may wait; who sends more waits too.
const WAITING: usize = 256;
/// Somebody may look into the database with a program of their own.
const BUSY: Duration = Duration::from_secs(10);

type Work = Box<dyn FnOnce(&mut Connection) + Send>;

/// The database, as everybody may use it.
#[derive(Clone)]
pub(in crate::serve) struct Store {
    work: mpsc::Sender<Work>,
    stream: Arc<Stream>,
}

impl Store {
    /// Opens it, making the file (0600) and its shape where need be.
    ///
    /// # Errors
    /// It is no database, or a newer harness wrote it.
    pub(in crate::serve) fn open(path: &Path) -> Result<Self, StoreError> {
        let mut connection = connect(path)?;
        let stream = Arc::new(Stream::new(events::last(&connection)?));
        let (work, mut waiting) = mpsc::channel::<Work>(WAITING);
        std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || {
                while let Some(work) = waiting.blocking_recv() {
                    work(&mut connection);
                }
            })
            .map_err(system::Error::call("start a thread"))?;
        Ok(Self { work, stream })
    }

    /// The events.
    pub(super) fn stream(&self) -> &Arc<Stream> {
        &self.stream
    }

    /// Asks the database.
    ///
    /// # Errors
    /// A statement failed.
    pub(in crate::serve) async fn read<T: Send + 'static, E: From<StoreError> + Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        self.with(move |connection| work(connection)).await
    }

    /// Changes it and tells what happened: both or neither.
    ///
    /// # Errors
    /// A statement failed, or `work` did; nothing was changed.
    pub(in crate::serve) async fn change<T: Send + 'static, E: From<StoreError> + Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<(T, Vec<Happening>), E> + Send + 'static,
    ) -> Result<T, E> {
        let stream = Arc::clone(&self.stream);
        self.with(move |connection| {
            let failed = |error| E::from(StoreError::Failed(error));
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
            let (value, happenings) = work(&transaction)?;
            let told = events::insert(&transaction, stream.latest(), happenings).map_err(failed)?;
            transaction.commit().map_err(failed)?;
            stream.publish(told);
            Ok(value)
        })
        .await
    }

    /// Tells what happened.
    ///
    /// # Errors
    /// It could not be written.
    pub(in crate::serve) async fn tell(&self, happenings: Vec<Happening>) -> Result<(), StoreError> {
        self.change(move |_| Ok::<_, StoreError>(((), happenings))).await
    }

    /// The number of the last event.
    pub(in crate::serve) fn latest(&self) -> u64 {
        self.stream.latest()
    }

    /// Events after a number, oldest first, as many as make a batch.
    ///
    /// # Errors
    /// They could not be read.
    pub(in crate::serve) async fn events_after(&self, number: u64) -> Result<Vec<(u64, Arc<str>)>, StoreError> {
        self.read(move |connection| Ok(events::after(connection, number)?)).await
    }

    async fn with<T: Send + 'static, E: From<StoreError> + Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        let (answer, answered) = oneshot::channel();
        let work: Work = Box::new(move |connection| {
            // whoever asked may have gone
            let _ = answer.send(work(connection));
        });
        self.work.send(work).await.map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    if let Some(directory) = path.parent().filter(|directory| !directory.exists()) {
        system::create_private_dir(directory, 0o700)?;
    }
    // SQLite gives its other files the mode of this one
    let made = OpenOptions::new().create(true).append(true).mode(0o600).open(path);
    made.map_err(system::Error::file("open", path))?;
    let open = |source| StoreError::Open { path: path.to_owned(), source };
    let mut connection = Connection::open(path).map_err(open)?;
    prepare(&mut connection).map_err(open)?;
    let (found, known) = (migrations::present(&connection).map_err(open)?, migrations::newest());
    if found > known {
        return Err(StoreError::Newer { path: path.to_owned(), found, known });
    }
    migrations::apply(&mut connection).map_err(open)?;
    Ok(connection)
}

fn prepare(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::report::Diagnostic;

    #[test]
    fn the_database_is_its_owners_and_a_newer_one_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("deep/harness.db");
        drop(Store::open(&path).unwrap());
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let connection = connect(&path).unwrap();
        assert_eq!(migrations::present(&connection).unwrap(), migrations::newest());
        connection.execute("INSERT INTO schema_migrations VALUES (99, '')", []).unwrap();
        assert_eq!(connect(&path).unwrap_err().code(), "serve.database_newer");
        let path = place.path().join("other.db");
        std::fs::write(&path, "no database at all, but long enough to have a head of its own").unwrap();
        assert_eq!(connect(&path).unwrap_err().code(), "serve.database");
    }
}
