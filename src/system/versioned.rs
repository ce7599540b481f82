//! Durable JSON documents that carry a `version`: an older one is read, a newer one is refused.

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Error, Result, atomic};

/// A document that is kept on disk across versions of harness.
pub trait Versioned: Serialize + DeserializeOwned {
    /// What a message calls it.
    const WHAT: &'static str;
    /// The version that is written, and the newest that is read.
    const VERSION: u32;
}

#[derive(serde::Serialize)]
struct Envelope<'a, T> {
    version: u32,
    #[serde(flatten)]
    document: &'a T,
}

#[derive(serde::Deserialize)]
struct Version {
    version: u32,
}

/// Reads a document; `None` when the file does not exist.
///
/// # Errors
/// [`Error::Damaged`] when it is not JSON of the right shape, [`Error::Newer`] when a newer harness wrote it.
pub fn read_versioned<T: Versioned>(path: &Path) -> Result<Option<T>> {
    let Some(bytes) = atomic::read_optional(path)? else { return Ok(None) };
    let damaged = |source| Error::Damaged { what: T::WHAT, path: path.to_owned(), source };
    let Version { version } = serde_json::from_slice(&bytes).map_err(damaged)?;
    if version > T::VERSION {
        return Err(Error::Newer { path: path.to_owned(), found: version, known: T::VERSION });
    }
    serde_json::from_slice(&bytes).map(Some).map_err(damaged)
}

/// Writes a document atomically with mode 0600; one that is there already, word for word, is left: it was
/// synced when it was written.
pub fn write_versioned<T: Versioned>(path: &Path, document: &T) -> Result<()> {
    let bytes = bytes_of(path, document)?;
    if atomic::read_optional(path)?.as_deref() == Some(&bytes) {
        return Ok(());
    }
    atomic::write_atomic(path, &bytes, 0o600)
}

/// The same without waiting for the disk, for a document that a crash of the machine may take.
pub fn write_fleeting<T: Versioned>(path: &Path, document: &T) -> Result<()> {
    atomic::replace(path, &bytes_of(path, document)?, 0o600)
}

fn bytes_of<T: Versioned>(path: &Path, document: &T) -> Result<Vec<u8>> {
    let envelope = Envelope { version: T::VERSION, document };
    let mut bytes = serde_json::to_vec_pretty(&envelope).map_err(|source| Error::Damaged {
        what: T::WHAT,
        path: path.to_owned(),
        source,
    })?;
    bytes.push(b'\n');
    Ok(bytes)
}
