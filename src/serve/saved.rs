//! What `serve` keeps, in a backup: the database is copied while a server runs, and put back while none does.
//!
//! Tokens, settings and certificates are files that are replaced whole: they are copied as they are.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::place::Place;
use super::store::StoreError;
use crate::report::Failure;
use crate::system::{self, FileLock, Home};

/// A server may be writing.
const BUSY: Duration = Duration::from_secs(10);

/// Writes the `SQLite` database to `file`, as it is at one moment; says whether there is one.
///
/// # Errors
/// It cannot be read, or `file` cannot be written.
pub fn save_database(home: &Home, environment: &BTreeMap<String, String>, file: &Path) -> Result<bool, Failure> {
    let path = Place::of(home).database(environment);
    if !path.is_file() {
        return Ok(false);
    }
    let open = |source| StoreError::Open { path: path.clone(), source };
    let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(open)?;
    connection.busy_timeout(BUSY).map_err(StoreError::from)?;
    let to = file.to_string_lossy().into_owned();
    connection.execute("VACUUM INTO ?1", [to]).map_err(StoreError::from)?;
    Ok(true)
}

/// Keeps `serve` from being started, until dropped.
///
/// # Errors
/// It runs.
pub fn keep_from_serving(home: &Home) -> Result<FileLock, Failure> {
    let place = Place::of(home);
    place.create()?;
    Ok(place.lock()?)
}

/// Where the database goes that takes the place of the present one, whose log is removed: it is of the other's contents. The
/// caller has the right of [`keep_from_serving`].
///
/// # Errors
/// The log cannot be removed.
pub fn place_of_database(home: &Home, environment: &BTreeMap<String, String>) -> Result<PathBuf, Failure> {
    let path = Place::of(home).database(environment);
    for ending in ["-wal", "-shm"] {
        let mut beside = path.clone().into_os_string();
        beside.push(ending);
        system::remove_if_exists(Path::new(&beside))?;
    }
    Ok(path)
}
