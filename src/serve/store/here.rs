//! The `SQLite` database of this home, and the thread that owns its connection.

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
/// Statements that are prepared.
const PREPARED: usize = 256;

type Work = Box<dyn FnOnce(&mut Connection) + Send>;

/// The database, as everybody may use it.
#[derive(Clone)]
pub(super) struct Here {
    work: mpsc::Sender<Work>,
    pub(super) stream: Arc<Stream>,
}

impl Here {
    /// Opens it, making the file (0600) and its shape where need be.
    ///
    /// # Errors
    /// It is no database, or a newer harness wrote it.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
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

    pub(super) async fn read<T: Send + 'static, E: From<StoreError> + Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        self.with(move |connection| work(connection)).await
    }

    /// Changes it and tells what happened: both or neither.
    pub(super) async fn change<T: Send + 'static, E: From<StoreError> + Send + 'static>(
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
        return Err(StoreError::Newer { place: path.display().to_string(), found, known });
    }
    migrations::apply(&mut connection).map_err(open)?;
    Ok(connection)
}

fn prepare(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(PREPARED);
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
        drop(Here::open(&path).unwrap());
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
