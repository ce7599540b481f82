//! Durable files: a temporary name beside the target, fsync, rename, fsync of the directory.

use std::fs::{self, File, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

use tempfile::NamedTempFile;

use super::{Error, Result};

/// Replaces `path` by a file of `bytes` with permission bits `mode`. Readers see the old file or the
/// new one, never a mixture, also across a crash.
pub fn write_atomic(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let file = beside(path, bytes, mode)?;
    file.as_file().sync_all().map_err(Error::file("sync", path))?;
    file.persist(path).map_err(|error| error.error).map_err(Error::file("replace", path))?;
    File::open(directory).and_then(|opened| opened.sync_all()).map_err(Error::file("sync", directory))
}

/// The same without waiting for the disk, for what means nothing after a crash of the machine: then the
/// file may be empty.
pub(super) fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let file = beside(path, bytes, mode)?;
    file.persist(path).map_err(|error| error.error).map_err(Error::file("replace", path))?;
    Ok(())
}

fn beside(path: &Path, bytes: &[u8], mode: u32) -> Result<NamedTempFile> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(".tmp-")
        .permissions(Permissions::from_mode(mode))
        .tempfile_in(directory)
        .map_err(Error::file("create a file in", directory))?;
    file.write_all(bytes).map_err(Error::file("write", path))?;
    // the umask may have taken bits away
    file.as_file().set_permissions(Permissions::from_mode(mode)).map_err(Error::file("set the mode of", path))?;
    Ok(file)
}

/// Reads a whole file; `None` when it does not exist.
pub fn read_optional(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::file("read", path)(error)),
    }
}

/// Removes a file; says whether there was one.
pub fn remove_if_exists(path: &Path) -> Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::file("remove", path)(error)),
    }
}

/// Makes a directory and its parents; the directory itself gets `mode` from the first moment.
pub fn create_private_dir(path: &Path, mode: u32) -> Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(Error::file("create", parent))?;
    }
    match fs::DirBuilder::new().mode(mode).create(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(Error::file("create", path)(error)),
    }
}
