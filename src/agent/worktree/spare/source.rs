//! What the root lends a spare, and whether it is still that.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::agent::worktree::entries::entries;
use crate::agent::worktree::error::Error;
use crate::project::WorktreeSettings;
use crate::system;

/// What the entries of `copy`, `clone` and `.worktreeinclude` name in the root, and what it is like: a file by its size and
/// time, a directory by all that is in it, one of `clone`, which may be large, by its own entries.
///
/// # Errors
/// git cannot read the repository.
pub(super) async fn sources(root: &Path, settings: &WorktreeSettings) -> Result<BTreeMap<String, String>, Error> {
    let mut found = BTreeMap::new();
    for entry in entries(root, settings).await? {
        let depth = if entry.origin == "`[worktree] clone`" { 1 } else { usize::MAX };
        for path in entry.paths {
            let print = print(&root.join(&path), depth);
            found.entry(path).or_insert(print);
        }
    }
    Ok(found)
}

fn print(path: &Path, depth: usize) -> String {
    let Ok(metadata) = path.symlink_metadata() else { return "none".to_owned() };
    if !metadata.is_dir() {
        return of_file(&metadata);
    }
    let mut hash = Sha256::new();
    directory(path, depth, &mut hash);
    format!("directory {}", system::hexadecimal(&hash.finalize()))
}

/// Whether what had this print was one file.
pub(super) fn is_file(print: &str) -> bool {
    print.starts_with("file ")
}

fn of_file(metadata: &Metadata) -> String {
    format!("file {} {}.{}", metadata.len(), metadata.mtime(), metadata.mtime_nsec())
}

fn directory(path: &Path, depth: usize, hash: &mut Sha256) {
    let mut entries: Vec<_> = std::fs::read_dir(path).into_iter().flatten().filter_map(Result::ok).collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let Ok(metadata) = entry.path().symlink_metadata() else { continue };
        let name = entry.file_name();
        // programs that run in the root keep their caches in such directories of installed packages
        if depth == 1 && metadata.is_dir() && name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        hash.update(name.as_encoded_bytes());
        if metadata.is_dir() && depth > 1 {
            hash.update(b"/");
            directory(&entry.path(), depth - 1, hash);
            hash.update(b"\0");
        } else {
            hash.update(of_file(&metadata));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{is_file, print};

    #[test]
    fn what_was_written_again_is_another() {
        let directory = tempfile::tempdir().unwrap();
        let at = |path: &str| directory.path().join(path);
        std::fs::create_dir_all(at("modules/one/deep")).unwrap();
        std::fs::create_dir_all(at("modules/.cache")).unwrap();
        std::fs::write(at("modules/.package-lock.json"), "1").unwrap();
        std::fs::write(at("modules/one/deep/file"), "1").unwrap();
        let (whole, shallow) = (print(&at("modules"), usize::MAX), print(&at("modules"), 1));
        std::fs::write(at("modules/.cache/kept"), "").unwrap();
        std::fs::write(at("modules/one/deep/file"), "12").unwrap();
        assert_eq!(print(&at("modules"), 1), shallow);
        assert_ne!(print(&at("modules"), usize::MAX), whole);
        std::fs::write(at("modules/.package-lock.json"), "12").unwrap();
        assert_ne!(print(&at("modules"), 1), shallow);
        assert!(is_file(&print(&at("modules/.package-lock.json"), 1)) && !is_file(&shallow));
        assert_eq!(print(&at("none"), 1), "none");
    }
}
