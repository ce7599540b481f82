//! Files of SQLite, copied while an application uses them.
//!
//! With the write lock held, a file and its write-ahead log do not change but for a checkpoint, which only moves pages that
//! are still in the log: the two together are consistent however they are copied.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::Error;

/// How long a transaction of the application is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// How each of its files begins.
const BEGINNING: &[u8] = b"SQLite format 3\0";

/// The write locks of all files of SQLite in a directory, until dropped.
pub(super) struct WriteLocks {
    _connections: Vec<Connection>,
}

impl WriteLocks {
    /// Takes them.
    ///
    /// # Errors
    /// A program keeps one.
    pub(super) fn take(store: &str, directory: &Path) -> Result<Self, Error> {
        let mut connections = Vec::new();
        let entries = std::fs::read_dir(directory).into_iter().flatten().filter_map(Result::ok);
        let mut files: Vec<_> = entries.map(|entry| entry.path()).filter(|path| is_database(path)).collect();
        // in one order for all
        files.sort_unstable();
        for file in files {
            let locked = || -> rusqlite::Result<Connection> {
                let connection = Connection::open_with_flags(&file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
                connection.busy_timeout(PATIENCE)?;
                connection.execute_batch("BEGIN IMMEDIATE")?;
                Ok(connection)
            };
            let failed = |error: rusqlite::Error| Error::Locked {
                store: store.to_owned(),
                file: file.display().to_string(),
                reason: error.to_string(),
            };
            connections.push(locked().map_err(failed)?);
        }
        Ok(Self { _connections: connections })
    }
}

fn is_database(path: &Path) -> bool {
    let mut start = [0; BEGINNING.len()];
    path.is_file() && File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok() && start == BEGINNING
}
