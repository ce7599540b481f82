//! The entry of a linked work tree in its repository: `<common>/worktrees/<name>`.
//!
//! An entry is read and removed here rather than by `git worktree prune`, which also removes the entries of
//! work trees of other users that cannot be seen at the moment: on a disk that is not mounted, in a
//! container, on another machine. Only the entry whose `gitdir` names exactly our tree is touched.

use std::path::{Path, PathBuf};

use super::error::Error;
use crate::system;

/// The entry of one work tree.
#[derive(Debug)]
pub(super) struct Entry {
    directory: PathBuf,
}

impl Entry {
    /// The entry of the work tree `tree`; `None` where the repository has none.
    pub(super) fn of(common: &Path, tree: &Path) -> Option<Self> {
        let entries = std::fs::read_dir(common.join("worktrees")).into_iter().flatten();
        entries.filter_map(Result::ok).map(|entry| Self { directory: entry.path() }).find(|entry| entry.names(tree))
    }

    /// Its directory, which is the git directory of the work tree.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// The reason for which it was locked, which may be empty; `None` when it is not locked.
    pub(super) fn lock(&self) -> Option<String> {
        read(&self.directory.join("locked"))
    }

    /// The commit of a `HEAD` that is on no branch.
    pub(super) fn detached_head(&self) -> Option<String> {
        read(&self.directory.join("HEAD")).filter(|head| !head.is_empty() && !head.starts_with("ref:"))
    }

    /// Removes it, and the folder of entries once it is empty, as git does.
    pub(super) fn remove(self) -> Result<(), Error> {
        std::fs::remove_dir_all(&self.directory).map_err(system::Error::file("remove", &self.directory))?;
        if let Some(entries) = self.directory.parent() {
            // other work trees keep it
            let _ = std::fs::remove_dir(entries);
        }
        Ok(())
    }

    fn names(&self, tree: &Path) -> bool {
        let Some(named) = read(&self.directory.join("gitdir")).filter(|named| !named.is_empty()) else { return false };
        // relative where git was asked for relative paths
        let named = self.directory.join(named);
        let link = tree.join(".git");
        named == link || named.canonicalize().is_ok_and(|named| link.canonicalize().is_ok_and(|link| named == link))
    }
}

/// Whether `tree` says that it is a work tree of the repository whose entries are in `common`.
pub(super) fn is_tree_of(common: &Path, tree: &Path) -> bool {
    let named = read(&tree.join(".git"));
    let named = named.as_deref().and_then(|text| text.strip_prefix("gitdir: ")).map(|named| tree.join(named));
    let entries = common.join("worktrees");
    named.is_some_and(|named| {
        named.starts_with(&entries)
            || entries.canonicalize().is_ok_and(|entries| named.canonicalize().is_ok_and(|it| it.starts_with(entries)))
    })
}

fn read(file: &Path) -> Option<String> {
    std::fs::read_to_string(file).ok().map(|text| text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Entry, is_tree_of};

    #[test]
    fn only_a_tree_and_an_entry_that_name_each_other_are_one() {
        let directory = tempfile::tempdir().unwrap();
        let at = |path: &str| directory.path().join(path);
        let put = |path: &str, text: String| {
            fs::create_dir_all(at(path).parent().unwrap()).unwrap();
            fs::write(at(path), text).unwrap();
        };
        for (tree, link) in [("ours", "common/worktrees/3"), ("other", "elsewhere/worktrees/3"), ("begun", "")] {
            let text = if link.is_empty() { String::new() } else { format!("gitdir: {}\n", at(link).display()) };
            put(&format!("{tree}/.git"), text);
        }
        for (entry, tree) in [("3", "ours"), ("4", "another"), ("5", "../../../relative")] {
            let named = if entry == "5" { format!("{tree}/.git\n") } else { format!("{}/.git\n", at(tree).display()) };
            put(&format!("common/worktrees/{entry}/gitdir"), named);
        }
        put("relative/.git", "gitdir: ../common/worktrees/5\n".to_owned());
        let common = at("common");
        for (tree, entry) in [("ours", Some("3")), ("relative", Some("5")), ("other", None), ("nowhere", None)] {
            let found = Entry::of(&common, &at(tree)).map(|entry| entry.directory().file_name().unwrap().to_owned());
            assert_eq!(found.as_deref().and_then(|name| name.to_str()), entry, "{tree}");
        }
        for (tree, is_ours) in [("ours", true), ("relative", true), ("other", false), ("begun", false)] {
            assert_eq!(is_tree_of(&common, &at(tree)), is_ours, "{tree}");
        }
        Entry::of(&common, &at("ours")).unwrap().remove().unwrap();
        assert!(!at("common/worktrees/3").exists() && at("common/worktrees/4").exists());
    }
}
