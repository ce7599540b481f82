//! A checkout of git as its files describe it: of which repository it is, whether it is a linked work tree, which
//! branch it is on.
//!
//! A linked work tree has a file `.git` that names its git directory, and that has a file `commondir` that names the
//! repository. Both are documented (gitrepository-layout). No program is started: every command asks this, also one
//! that a hook of another program waits for.

use std::path::{Path, PathBuf};

/// A directory with a `.git`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// The directory.
    pub top: PathBuf,
    /// Its own git directory.
    pub git_dir: PathBuf,
    /// The repository: what all its work trees share.
    pub common: PathBuf,
}

impl Checkout {
    /// The checkout with this top.
    pub fn at(top: &Path) -> Option<Self> {
        let link = top.join(".git");
        let git_dir = if link.is_dir() {
            link
        } else {
            let text = std::fs::read_to_string(&link).ok()?;
            top.join(text.strip_prefix("gitdir:")?.trim())
        };
        let git_dir = git_dir.canonicalize().ok()?;
        let common = match read(&git_dir.join("commondir")) {
            Some(named) => git_dir.join(named).canonicalize().ok()?,
            None => git_dir.clone(),
        };
        Some(Self { top: top.to_owned(), git_dir, common })
    }

    /// The nearest checkout around a directory.
    pub fn around(directory: &Path) -> Option<Self> {
        directory.ancestors().find_map(Self::at)
    }

    /// The nearest linked work tree around a directory; submodules and clones inside it are passed over.
    pub fn linked_around(directory: &Path) -> Option<Self> {
        directory.ancestors().filter_map(Self::at).find(Self::is_linked)
    }

    /// Whether it is a linked work tree.
    pub fn is_linked(&self) -> bool {
        self.git_dir != self.common
    }

    /// The branch that is checked out; `None` for a detached `HEAD`.
    pub fn branch(&self) -> Option<String> {
        Some(head(&self.git_dir)?.strip_prefix("refs/heads/")?.to_owned())
    }

    /// The directory of the main checkout. In a bare layout (`project/.bare`, with `project/.git` naming it) the
    /// directory that holds the repository; `None` for a bare repository that stands alone.
    pub fn main_top(&self) -> Option<PathBuf> {
        let above = self.common.parent()?;
        let is_main = self.common.file_name().is_some_and(|name| name == ".git")
            || Self::at(above).is_some_and(|main| main.common == self.common);
        is_main.then(|| above.to_owned())
    }

    /// The linked work trees of the repository that are there.
    pub fn linked_trees(&self) -> Vec<Self> {
        let entries = std::fs::read_dir(self.common.join("worktrees")).into_iter().flatten().filter_map(Result::ok);
        let named = |entry: PathBuf| entry.join(read(&entry.join("gitdir"))?).parent()?.canonicalize().ok();
        let mut trees: Vec<_> = entries.filter_map(|entry| Self::at(&named(entry.path())?)).collect();
        trees.retain(|tree| tree.common == self.common);
        trees
    }

    /// The linked work tree that has the repository's own `HEAD` checked out: the default branch of a bare repository.
    pub fn default_tree(&self) -> Option<Self> {
        let default = head(&self.common)?;
        self.linked_trees().into_iter().find(|tree| head(&tree.git_dir).as_ref() == Some(&default))
    }
}

/// The reference that `HEAD` names.
fn head(git_dir: &Path) -> Option<String> {
    Some(read(&git_dir.join("HEAD"))?.strip_prefix("ref:")?.trim().to_owned())
}

fn read(file: &Path) -> Option<String> {
    std::fs::read_to_string(file).ok().map(|text| text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::Checkout;
    use crate::system::testing::git;

    #[test]
    fn the_files_say_what_git_says() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        let main = root.join("main");
        std::fs::create_dir_all(main.join("sub")).unwrap();
        git(&main, &["init", "--quiet", "-b", "trunk"]);
        git(&main, &["commit", "--quiet", "--allow-empty", "-m", "Begin"]);
        git(&main, &["worktree", "add", "--quiet", "trees/fox", "-b", "fox"]);
        git(&main, &["worktree", "add", "--quiet", "--detach", "../alone"]);
        let of_main = Checkout::around(&main.join("sub")).unwrap();
        assert!(!of_main.is_linked());
        assert_eq!((of_main.top.clone(), of_main.branch().as_deref()), (main.clone(), Some("trunk")));
        let fox = Checkout::around(&main.join("trees/fox")).unwrap();
        assert!(fox.is_linked());
        assert_eq!((fox.main_top(), fox.branch().as_deref()), (Some(main.clone()), Some("fox")));
        assert_eq!(Checkout::at(&root.join("alone")).unwrap().branch(), None);
        assert_eq!(of_main.linked_trees().len(), 2);
        // a bare layout, and a bare repository that stands alone
        std::fs::create_dir(root.join("bare")).unwrap();
        git(&root, &["clone", "--quiet", "--bare", "main", "bare/.bare"]);
        std::fs::write(root.join("bare/.git"), "gitdir: ./.bare\n").unwrap();
        git(&root.join("bare"), &["worktree", "add", "--quiet", "trunk"]);
        let trunk = Checkout::at(&root.join("bare/trunk")).unwrap();
        assert_eq!((trunk.main_top(), trunk.default_tree()), (Some(root.join("bare")), Some(trunk.clone())));
        git(&root, &["clone", "--quiet", "--bare", "main", "alone.git"]);
        git(&root.join("alone.git"), &["worktree", "add", "--quiet", "../one"]);
        assert_eq!(Checkout::at(&root.join("one")).unwrap().main_top(), None);
    }

    #[test]
    fn a_clone_inside_a_linked_tree_is_passed_over_for_it() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        git(&root, &["init", "--quiet", "main"]);
        git(&root.join("main"), &["commit", "--quiet", "--allow-empty", "-m", "Begin"]);
        git(&root.join("main"), &["worktree", "add", "--quiet", "../tree"]);
        git(&root.join("tree"), &["init", "--quiet", "vendor"]);
        let vendor = root.join("tree/vendor");
        assert_eq!(Checkout::around(&vendor).unwrap().top, vendor);
        assert_eq!(Checkout::linked_around(&vendor).unwrap().top, root.join("tree"));
        assert_eq!(Checkout::linked_around(&root.join("main")), None);
    }
}
