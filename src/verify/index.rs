//! What a git index says besides names of files: which of them git is asked not to look at, and which entries are
//! repositories of their own.
//!
//! The index of an ordinary repository is read here, in a millisecond; one of another shape (a split index, SHA-256) git
//! is asked about.

use std::path::Path;

use super::Error;
use crate::system::{self, Git};

/// Paths from the repository's root, as bytes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Index {
    /// `update-index --assume-unchanged`: git does not look whether they have changed.
    pub(super) assumed: Vec<Vec<u8>>,
    /// `update-index --skip-worktree`, also by a sparse checkout: git does not look whether they are there.
    pub(super) skipped: Vec<Vec<u8>>,
    /// Submodules, and repositories that were added as they are.
    pub(super) links: Vec<Vec<u8>>,
}

const HEADER: usize = 12;
/// Before the object's name: times, device, inode, mode, owner, size.
const STAT: usize = 40;
const HASH: usize = 20;
const ASSUMED: u16 = 0x8000;
const EXTENDED: u16 = 0x4000;
const SKIPPED: u16 = 0x4000;
const LINK: u32 = 0o160_000;

impl Index {
    /// Reads the index at `path`; one that is absent has nothing. `git` is one that uses it.
    pub(super) async fn read(path: &Path, git: &Git) -> Result<Self, Error> {
        let Some(bytes) = system::read_optional(path)? else { return Ok(Self::default()) };
        match Self::parse(&bytes) {
            Some(index) => Ok(index),
            None => Self::ask(git).await,
        }
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let word = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
        let half = |at: usize| Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
        let (version, count) = (word(4)?, word(8)?);
        if !bytes.starts_with(b"DIRC") || !(2..=4).contains(&version) {
            return None;
        }
        let (mut index, mut at, mut former) = (Self::default(), HEADER, Vec::new());
        for _ in 0..count {
            let mode = word(at + 24)?;
            let flags = half(at + STAT + HASH)?;
            let mut begin = at + STAT + HASH + 2;
            let mut skipped = false;
            if flags & EXTENDED != 0 {
                skipped = half(begin)? & SKIPPED != 0;
                begin += 2;
            }
            let mut kept = 0;
            if version == 4 {
                let (dropped, length) = varint(bytes.get(begin..)?)?;
                begin += length;
                kept = former.len().checked_sub(dropped)?;
            }
            let rest = bytes.get(begin..)?;
            let end = memchr::memchr(0, rest)?;
            former.truncate(kept);
            former.extend_from_slice(&rest[..end]);
            if flags & ASSUMED != 0 {
                index.assumed.push(former.clone());
            }
            if skipped {
                index.skipped.push(former.clone());
            }
            if mode == LINK {
                index.links.push(former.clone());
            }
            // from one to eight zeros, so that the next entry begins at a multiple of eight
            let length = begin + end - at;
            at += if version == 4 { length + 1 } else { (length + 8) & !7 };
        }
        index.followed(bytes, at)
    }

    /// The index, if what follows its entries is as it has to be, and holds no entries of its own.
    fn followed(self, bytes: &[u8], mut at: usize) -> Option<Self> {
        while at + HASH < bytes.len() {
            let name = bytes.get(at..at + 4)?;
            let size = u32::from_be_bytes(bytes.get(at + 4..at + 8)?.try_into().ok()?);
            if name == b"link" || !name.iter().all(u8::is_ascii_alphabetic) {
                return None;
            }
            at = at.checked_add(8 + usize::try_from(size).ok()?)?;
        }
        (at + HASH == bytes.len()).then_some(self)
    }

    async fn ask(git: &Git) -> Result<Self, Error> {
        // from the top, wherever the project lies
        let arguments = ["ls-files", "-z", "-v", "--stage", "--full-name", ":/"];
        let output = git.check(&arguments, git.output(&arguments).await?)?;
        let mut index = Self::default();
        for entry in output.stdout.split(|byte| *byte == 0) {
            let Some(tab) = memchr::memchr(b'\t', entry) else { continue };
            let (told, path) = (&entry[..tab], entry[tab + 1..].to_vec());
            if told[0].is_ascii_lowercase() {
                index.assumed.push(path.clone());
            }
            if told[0].eq_ignore_ascii_case(&b'S') {
                index.skipped.push(path.clone());
            }
            if told[1..].starts_with(b" 160000 ") {
                index.links.push(path);
            }
        }
        Ok(index)
    }

    /// Whether git is asked to look at every file.
    pub(super) fn hides_nothing(&self) -> bool {
        self.assumed.is_empty() && self.skipped.is_empty()
    }
}

/// A number as version 4 writes it, and its length.
fn varint(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0_usize;
    for (position, byte) in bytes.iter().enumerate().take(9) {
        value = (value << 7) | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value, position + 1));
        }
        value += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[tokio::test]
    async fn every_shape_of_index_is_read_as_git_reads_it() {
        let directory = tempfile::tempdir().unwrap();
        let run = |arguments: &[&str]| {
            let git = Command::new("git").arg("-C").arg(directory.path()).args(arguments).output().unwrap();
            assert!(git.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&git.stderr));
        };
        let index = directory.path().join(".git/index");
        for object_format in ["sha1", "sha256"] {
            let _ = std::fs::remove_dir_all(directory.path().join(".git"));
            run(&["init", "--quiet", &format!("--object-format={object_format}")]);
            let zeros = "1".repeat(if object_format == "sha1" { 40 } else { 64 });
            for name in ["a", "deep/er/b", "deep/er/bc", "deep/z", "x y"] {
                let path = directory.path().join(name);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, name).unwrap();
            }
            run(&["add", "--all"]);
            run(&["update-index", "--add", "--cacheinfo", &format!("160000,{zeros},inner")]);
            run(&["update-index", "--assume-unchanged", "deep/er/bc", "x y"]);
            run(&["update-index", "--skip-worktree", "a", "x y"]);
            let paths = |names: &[&str]| names.iter().map(|name| name.as_bytes().to_vec()).collect::<Vec<_>>();
            let expected = Index {
                assumed: paths(&["deep/er/bc", "x y"]),
                skipped: paths(&["a", "x y"]),
                links: paths(&["inner"]),
            };
            for version in ["3", "4", "split"] {
                match version {
                    "split" => run(&["update-index", "--split-index"]),
                    version => run(&["update-index", "--index-version", version]),
                }
                let bytes = std::fs::read(&index).unwrap();
                let parsed = Index::parse(&bytes);
                assert_eq!(
                    parsed.is_some(),
                    object_format == "sha1" && version != "split",
                    "{object_format} {version}"
                );
                assert!(parsed.is_none_or(|parsed| parsed == expected), "{object_format} {version}");
                let git = Git::asking(directory.path()).variable("GIT_INDEX_FILE", &index);
                assert_eq!(Index::read(&index, &git).await.unwrap(), expected, "{object_format} {version}");
            }
        }
        assert_eq!(Index::parse(b"DIRC\0\0\0\x02\0\0\0\x09"), None);
    }
}
