//! Who may enter which directory of the native servers.
//!
//! As root the servers run as another user, so the directories above their own ones are 0711 (they can be
//! entered, not listed), and each own directory is 0700 and theirs. For any other user all are 0700.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::infra::error::Result;
use crate::system::{self, Error, Home, ServiceUser};

/// Makes a directory of harness's own; `passable` for the service user when harness is root.
pub(in crate::infra) fn make(path: &Path, passable: bool) -> Result<()> {
    let mode = if passable { 0o711 } else { 0o700 };
    system::create_private_dir(path, mode)?;
    // the umask may have taken bits away
    fs::set_permissions(path, Permissions::from_mode(mode)).map_err(Error::file("set the mode of", path))?;
    Ok(())
}

/// Lets the service user enter the home and `infra/`, independent of the umask that they were made with.
pub(in crate::infra) fn open_way(home: &Home) -> Result<()> {
    make(home.path(), true)?;
    make(&home.infra_dir(), true)
}

/// Makes a directory that belongs to the service user alone.
pub(in crate::infra) fn make_owned(path: &Path, user: Option<&ServiceUser>) -> Result<()> {
    system::create_private_dir(path, 0o700)?;
    if let Some(user) = user {
        user.own(path)?;
    }
    Ok(())
}

/// Makes a directory in which the service user makes what others may reach by name.
pub(in crate::infra) fn make_passable(path: &Path, user: Option<&ServiceUser>) -> Result<()> {
    make(path, true)?;
    if let Some(user) = user {
        user.own(path)?;
    }
    Ok(())
}

/// The directory of a service, made.
pub(in crate::infra) fn of_service(home: &Home, service: &str, user: Option<&ServiceUser>) -> Result<PathBuf> {
    let path = home.infra_dir().join(service);
    make(&path, user.is_some())?;
    Ok(path)
}

/// Lets every user read a tree of programs, independent of the umask that it was unpacked with.
pub(in crate::infra) fn open_to_all(path: &Path) -> Result<()> {
    let metadata = fs::symlink_metadata(path).map_err(Error::file("read", path))?;
    if metadata.is_symlink() {
        return Ok(());
    }
    let executable = metadata.is_dir() || metadata.permissions().mode() & 0o100 != 0;
    let mode = if executable { 0o755 } else { 0o644 };
    fs::set_permissions(path, Permissions::from_mode(mode)).map_err(Error::file("set the mode of", path))?;
    if metadata.is_dir() {
        for entry in fs::read_dir(path).map_err(Error::file("read", path))? {
            open_to_all(&entry.map_err(Error::file("read", path))?.path())?;
        }
    }
    Ok(())
}
