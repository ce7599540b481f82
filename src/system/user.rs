//! The user that native servers run as when harness itself runs as root.

use std::ffi::CString;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Error, Result};

/// A user of the passwd database.
#[allow(clippy::unsafe_derive_deserialize)] // the unsafe call only looks a name up
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceUser {
    /// Login name.
    pub name: String,
    /// User id.
    pub uid: u32,
    /// Primary group id.
    pub gid: u32,
}

impl ServiceUser {
    /// The user to run native servers as: `None` when harness is not root (they run as the caller),
    /// else the first that exists of `harness`, `postgres`, `nobody`.
    pub fn choose() -> Result<Option<Self>> {
        if effective_uid() != 0 {
            return Ok(None);
        }
        ["harness", "postgres", "nobody"].into_iter().find_map(Self::lookup).map(Some).ok_or(Error::NoServiceUser)
    }

    /// Finds a user by name.
    pub fn lookup(name: &str) -> Option<Self> {
        let name_c = CString::new(name).ok()?;
        let mut buffer = vec![0_u8; 16 * 1024];
        // SAFETY: passwd is plain data that the call fills in.
        let mut entry: libc::passwd = unsafe { std::mem::zeroed() };
        let mut found = std::ptr::null_mut();
        // SAFETY: all pointers are valid for the call, the buffer's length is given.
        let code = unsafe {
            libc::getpwnam_r(name_c.as_ptr(), &raw mut entry, buffer.as_mut_ptr().cast(), buffer.len(), &raw mut found)
        };
        (code == 0 && !found.is_null()).then(|| Self { name: name.to_owned(), uid: entry.pw_uid, gid: entry.pw_gid })
    }

    /// Checks that this user can pass every directory from the root to `path`.
    ///
    /// # Errors
    /// [`Error::NotTraversable`] names the first directory that is closed to it.
    pub fn check_can_enter(&self, path: &Path) -> Result<()> {
        let mut directories: Vec<&Path> = path.ancestors().collect();
        directories.reverse();
        for directory in directories {
            let Ok(metadata) = directory.metadata() else { continue };
            let mode = metadata.permissions().mode();
            let bit = if metadata.uid() == self.uid {
                0o100
            } else if metadata.gid() == self.gid {
                0o010
            } else {
                0o001
            };
            if mode & bit == 0 {
                return Err(Error::NotTraversable { user: self.name.clone(), path: directory.to_owned() });
            }
        }
        Ok(())
    }

    /// Gives a file or directory to this user.
    pub fn own(&self, path: &Path) -> Result<()> {
        std::os::unix::fs::chown(path, Some(self.uid), Some(self.gid)).map_err(Error::file("give away", path))
    }
}

/// The effective user id of this process.
pub fn effective_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}
