//! Advisory whole-file locks (`flock`), which the kernel drops with their holder: a stale lock cannot exist.
//!
//! The file's text names the holder for messages only; it is never taken as proof. The file is not
//! removed on release, since removing a locked file lets two processes hold "the" lock.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use super::error::unless_full;
use super::{Error, Result};

/// Who holds a lock, as the holder wrote it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Holder {
    /// Its process.
    pub pid: u32,
    /// What it is doing: `launch 3`.
    pub purpose: String,
}

/// An exclusive lock, held until dropped.
#[derive(Debug)]
pub struct FileLock {
    file: File,
}

impl FileLock {
    /// Takes the lock if it is free; otherwise says who holds it (`Err` of the inner result).
    pub fn try_acquire(path: &Path, purpose: &str) -> Result<std::result::Result<Self, Option<Holder>>> {
        let mut file = open(path)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(std::io::Error::from) {
            Ok(()) => Self::sign(file, path, purpose).map(Ok),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                let mut text = String::new();
                let _ = file.read_to_string(&mut text);
                Ok(Err(serde_json::from_str(&text).ok()))
            }
            Err(error) => Err(Error::file("lock", path)(error)),
        }
    }

    /// Takes the lock, blocking the thread meanwhile: for locks that are only ever held for moments.
    pub fn wait(path: &Path, purpose: &str) -> Result<Self> {
        let file = open(path)?;
        flock(&file, FlockOperation::LockExclusive).map_err(std::io::Error::from).map_err(Error::file("lock", path))?;
        Self::sign(file, path, purpose)
    }

    fn sign(mut file: File, path: &Path, purpose: &str) -> Result<Self> {
        let holder = Holder { pid: std::process::id(), purpose: purpose.to_owned() };
        let text = serde_json::to_vec(&holder).unwrap_or_default();
        let written = file
            .set_len(0)
            .and_then(|()| file.seek(SeekFrom::Start(0)))
            .and_then(|_| file.write_all(&text))
            .map_err(Error::file("write", path));
        // the lock holds without its text, which needs space that a full disk does not have
        unless_full(written)?;
        Ok(Self { file })
    }

    /// Takes the lock, waiting as long as another process holds it. `waiting` is called once, with
    /// the holder, when the lock was not free.
    pub async fn acquire(path: &Path, purpose: &str, waiting: impl FnOnce(Option<Holder>)) -> Result<Self> {
        let mut waiting = Some(waiting);
        let path: PathBuf = path.to_owned();
        loop {
            match Self::try_acquire(&path, purpose)? {
                Ok(lock) => return Ok(lock),
                Err(holder) => {
                    if let Some(waiting) = waiting.take() {
                        waiting(holder);
                    }
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }
    }
}

impl FileLock {
    /// Whether the lock's file is still the one at `path`: a former holder may have removed it together
    /// with its directory, and then the lock protects nothing.
    pub fn is_at(&self, path: &Path) -> bool {
        match (self.file.metadata(), path.metadata()) {
            (Ok(held), Ok(there)) => held.ino() == there.ino() && held.dev() == there.dev(),
            _ => false,
        }
    }
}

fn open(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    options.open(path).map_err(Error::file("open", path))
}

impl Drop for FileLock {
    fn drop(&mut self) {
        let _ = self.file.set_len(0);
        let _ = flock(&self.file, FlockOperation::Unlock);
    }
}
