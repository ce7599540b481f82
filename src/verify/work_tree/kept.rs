//! The index of the last look at a work tree, kept for the next one: while nothing has changed since, git need not look.
//!
//! It is one file: a line that says of what it holds, and the index. Whoever kept it, a tree is what it was only where
//! every file of the index is as it was, git ignores what lies beside them, and the user's own index has the same paths:
//! a file that git would ignore is content once it was added by hand.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::super::index::entries;
use crate::system;

const NAME: &str = "last-index";

/// Of what a kept index is.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct About {
    /// SHA-256 of the paths in the user's index.
    paths: String,
    /// Of the directory, from the repository's root.
    prefix: String,
    /// Seconds and nanoseconds of the epoch at which the look began.
    looked: Duration,
}

/// What was kept.
pub(super) struct Kept {
    pub(super) index: Vec<u8>,
    pub(super) looked: SystemTime,
}

/// Where the index of a tree is kept.
pub(super) struct Keeper<'a> {
    pub(super) directory: &'a Path,
    pub(super) prefix: &'a str,
}

impl Keeper<'_> {
    fn path(&self) -> PathBuf {
        self.directory.join(NAME)
    }

    /// What was kept when the user's index had the paths that `own` has; `None` where that is not known.
    pub(super) fn kept(&self, own: &[u8]) -> Option<Kept> {
        let mut file = system::read_optional(&self.path()).ok()??;
        let end = memchr::memchr(b'\n', &file)?;
        let about: About = serde_json::from_slice(&file[..end]).ok()?;
        if about.prefix != self.prefix || about.paths != digest(own)? {
            return None;
        }
        file.drain(..=end);
        Some(Kept { index: file, looked: SystemTime::UNIX_EPOCH + about.looked })
    }

    /// Keeps `index`, which git has written after a look that began at `looked`. One that cannot be kept costs time,
    /// nothing else.
    pub(super) fn keep(&self, own: &[u8], index: &[u8], looked: SystemTime) {
        let since = looked.duration_since(SystemTime::UNIX_EPOCH);
        let (Some(paths), Ok(looked)) = (digest(own), since) else { return };
        let about = About { paths, prefix: self.prefix.to_owned(), looked };
        let Ok(mut file) = serde_json::to_vec(&about) else { return };
        file.push(b'\n');
        file.extend_from_slice(index);
        let _ = system::replace(&self.path(), &file, 0o600);
    }
}

fn digest(index: &[u8]) -> Option<String> {
    let mut digest = Sha256::new();
    entries(index, |entry| {
        digest.update(entry.path);
        digest.update(b"\0");
    })?;
    Some(system::hexadecimal(&digest.finalize()))
}
