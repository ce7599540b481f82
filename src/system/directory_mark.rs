//! By what a directory is known again, and what has become of it.
//!
//! A path that is not there says little: the directory may be deleted, moved, or on a disk that is not mounted now. Its
//! device and inode tell the first from the last: where a directory was deleted, the nearest directory above it that
//! is there is the same as before and on the same device; a mount point is neither.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

/// A directory as it was when it was marked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectoryMark {
    own: Known,
    /// Those above it, the nearest first.
    above: Vec<Known>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    path: PathBuf,
    device: u64,
    inode: u64,
    /// When it was made, in nanoseconds since 1970, where the file system keeps that: the inode of what was removed is
    /// soon given to another directory.
    #[serde(default)]
    made: Option<u64>,
}

/// What has become of a marked directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is there.
    There,
    /// It was deleted or moved.
    Gone,
    /// Another directory of the same file system is at its path.
    Replaced,
    /// Its file system is not mounted, or another one is mounted over it.
    Unreachable,
}

impl Known {
    fn of(path: &Path) -> Option<Self> {
        let metadata = path.metadata().ok()?;
        let (device, inode) = (metadata.dev(), metadata.ino());
        Some(Self { path: path.to_owned(), device, inode, made: made(&metadata) })
    }

    fn is(&self, path: &Path) -> bool {
        let same_birth = |metadata: &Metadata| match (self.made, made(metadata)) {
            (Some(then), Some(now)) => then == now,
            _ => true,
        };
        path.metadata().is_ok_and(|metadata| {
            metadata.dev() == self.device && metadata.ino() == self.inode && same_birth(&metadata)
        })
    }
}

fn made(metadata: &Metadata) -> Option<u64> {
    let since = metadata.created().ok()?.duration_since(UNIX_EPOCH).ok()?;
    since.as_nanos().try_into().ok()
}

impl DirectoryMark {
    /// Marks a directory; `None` where there is none.
    pub fn of(path: &Path) -> Option<Self> {
        let own = Known::of(path)?;
        Some(Self { own, above: path.ancestors().skip(1).filter_map(Known::of).collect() })
    }

    /// Where it was.
    pub fn path(&self) -> &Path {
        &self.own.path
    }

    /// It and all directories above it.
    pub fn line(&self) -> impl Iterator<Item = &Path> {
        std::iter::once(&self.own).chain(&self.above).map(|known| known.path.as_path())
    }

    /// Whether this path is the directory, wherever it is now.
    pub fn is(&self, path: &Path) -> bool {
        self.own.is(path)
    }

    /// What has become of it.
    pub fn fate(&self) -> Fate {
        match self.own.path.symlink_metadata() {
            Ok(_) if self.own.is(&self.own.path) => Fate::There,
            Ok(found) if found.dev() == self.own.device => Fate::Replaced,
            Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
                let nearest = self.above.iter().find(|known| known.path.exists());
                let is_same = nearest.is_some_and(|known| known.is(&known.path) && known.device == self.own.device);
                if is_same { Fate::Gone } else { Fate::Unreachable }
            }
            _ => Fate::Unreachable,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{DirectoryMark, Fate};

    #[test]
    fn a_directory_is_known_by_what_it_is_and_not_by_its_path() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::create_dir_all(at("a/b/c")).unwrap();
        let mark = DirectoryMark::of(&at("a/b/c")).unwrap();
        assert_eq!(mark.fate(), Fate::There);
        fs::rename(at("a/b"), at("moved")).unwrap();
        assert_eq!(mark.fate(), Fate::Gone);
        assert!(mark.is(&at("moved/c")));
        fs::create_dir_all(at("a/b/c")).unwrap();
        assert_eq!(mark.fate(), Fate::Replaced);
        // made now, since a file system gives the number of what was removed to what is made next
        fs::create_dir_all(at("other")).unwrap();
        fs::remove_dir_all(at("a")).unwrap();
        assert_eq!(mark.fate(), Fate::Gone, "with what is above it");
        // another directory where one above it was: a mount point
        fs::rename(at("other"), at("a")).unwrap();
        assert_eq!(mark.fate(), Fate::Unreachable);
    }
}
