//! The index of the last look at a work tree, kept for the next one: while nothing has changed since, git need not look.
//!
//! It is one file: a line that says of what it is, and the index. A tree is what it was only where every file of the
//! index is as it was, git ignores what lies beside them and none of them that the user has not added, and the user's own
//! index has the same paths: a file that git would ignore is content once it was added by hand.

use std::collections::{BTreeSet, HashSet};
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
    /// Files that git neither ignored nor had in the user's index, from the directory.
    untracked: BTreeSet<String>,
    /// When the look began, since the epoch.
    looked: Duration,
}

/// What was kept.
pub(super) struct Kept {
    pub(super) index: Vec<u8>,
    pub(super) untracked: BTreeSet<String>,
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
        if about.prefix != self.prefix || about.paths != digest(&paths(own)?) {
            return None;
        }
        file.drain(..=end);
        let looked = SystemTime::UNIX_EPOCH.checked_add(about.looked)?;
        Some(Kept { index: file, untracked: about.untracked, looked })
    }

    /// Keeps `index`, which git has written after a look that began at `looked`. One that cannot be kept costs time,
    /// nothing else.
    pub(super) fn keep(&self, own: &[u8], index: &[u8], looked: SystemTime) {
        let Some(file) = self.file(own, index, looked) else { return };
        let _ = system::replace(&self.path(), &file, 0o600);
    }

    fn file(&self, own: &[u8], index: &[u8], looked: SystemTime) -> Option<Vec<u8>> {
        let looked = looked.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        let own = paths(own)?;
        let tracked: HashSet<&[u8]> = own.iter().map(Vec::as_slice).collect();
        let mut untracked = BTreeSet::new();
        for path in paths(index)?.iter().filter(|path| !tracked.contains(path.as_slice())) {
            untracked.insert(std::str::from_utf8(path.strip_prefix(self.prefix.as_bytes())?).ok()?.to_owned());
        }
        let about = About { paths: digest(&own), prefix: self.prefix.to_owned(), untracked, looked };
        let mut file = serde_json::to_vec(&about).ok()?;
        file.push(b'\n');
        file.extend_from_slice(index);
        Some(file)
    }
}

fn paths(index: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut paths = Vec::new();
    entries(index, |entry| paths.push(entry.path.to_vec()))?;
    Some(paths)
}

fn digest(paths: &[Vec<u8>]) -> String {
    let mut digest = Sha256::new();
    for path in paths {
        digest.update(path);
        digest.update(b"\0");
    }
    system::hexadecimal(&digest.finalize())
}
