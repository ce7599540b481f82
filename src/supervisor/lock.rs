//! The lock of a stack: held by its guardian and supervisor for as long as either lives.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

use super::Result;
use crate::system;

/// Takes the lock of a stack; `None` while a trio holds it.
pub(crate) fn lock(directory: &Path) -> Result<Option<OwnedFd>, system::Error> {
    let path = directory.join("supervisor.lock");
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(system::Error::file("open", &path))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(file.into())),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        Err(error) => Err(system::Error::file("lock", &path)(error.into())),
    }
}
