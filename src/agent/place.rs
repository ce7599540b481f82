//! Where a command stands: in which project, and in which of its trees.
//!
//! In a linked work tree, whoever made it, the project is that of the main checkout: the same directory there has the
//! `harness.toml` that counts for ports, servers and `[verify]`, so that an agent cannot weaken its own checks. The
//! tree's own file counts for the rest, and a tree without one (it is not committed) is ruled by the root's alone.
//!
//! In a bare repository the work tree of its default branch stands for the main checkout, or the directory that holds
//! the repository if the file lies there. Where neither has the file, a tree that has one is a project of its own.

use std::path::{Path, PathBuf};

use crate::project::{ConfigError, FILE, find_root};
use crate::system::Checkout;

/// Where a command stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The project's root.
    pub(super) root: PathBuf,
    /// The directory of this tree that corresponds to the root; the root itself in the main checkout.
    pub(super) tree: PathBuf,
    /// The top of the linked work tree.
    pub(super) linked: Option<PathBuf>,
}

impl Place {
    /// The project's root itself.
    pub(super) fn at_root(root: PathBuf) -> Self {
        Self { tree: root.clone(), root, linked: None }
    }

    /// By the files around a directory, which is absolute and without symbolic links.
    ///
    /// # Errors
    /// There is no project.
    pub(super) fn of(directory: &Path) -> Result<Self, ConfigError> {
        let nearest = find_root(directory);
        let Some(linked) = Checkout::linked_around(directory) else { return nearest.map(Self::at_root) };
        let top = linked.top.clone();
        let in_root = |below: &Path| counterparts(&linked, below).into_iter().find(|root| root.join(FILE).is_file());
        match nearest {
            Ok(own) if own.starts_with(&top) => {
                // a clone that lies in the tree is a project of its own
                if Checkout::around(&own).is_some_and(|checkout| checkout.top != top) {
                    return Ok(Self::at_root(own));
                }
                let below = own.strip_prefix(&top).unwrap_or(Path::new(""));
                Ok(Self { root: in_root(below).unwrap_or_else(|| own.clone()), tree: own, linked: Some(top) })
            }
            above => {
                let below = directory.strip_prefix(&top).unwrap_or(Path::new(""));
                if let Some((below, root)) = below.ancestors().find_map(|below| Some((below, in_root(below)?))) {
                    return Ok(Self { root, tree: joined(&top, below), linked: Some(top) });
                }
                // a file above the tree counts only if the repository is there too: of another one it is a stranger's
                match above {
                    Ok(root) if linked.common.starts_with(&root) => {
                        Ok(Self { root, tree: top.clone(), linked: Some(top) })
                    }
                    Ok(_) => Err(ConfigError::NotFound(directory.to_owned())),
                    Err(error) => Err(error),
                }
            }
        }
    }
}

/// The directories that may be the root of the project that lies `below` the top of a linked work tree.
fn counterparts(linked: &Checkout, below: &Path) -> Vec<PathBuf> {
    let default = || linked.default_tree().map(|tree| tree.top);
    let tops = linked.main_top().into_iter().chain(default());
    tops.filter(|top| *top != linked.top).map(|top| joined(&top, below)).collect()
}

/// Without the trailing slash that joining nothing leaves.
fn joined(top: &Path, below: &Path) -> PathBuf {
    top.components().chain(below.components()).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::Place;
    use crate::system::testing::git;

    fn put(file: &Path) {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, "").unwrap();
    }

    fn repository(root: &Path, files: &[&str]) {
        git(root.parent().unwrap(), &["init", "--quiet", "-b", "trunk", root.to_str().unwrap()]);
        for file in files {
            put(&root.join(file));
        }
        git(root, &["add", "--all"]);
        git(root, &["commit", "--quiet", "--allow-empty", "-m", "Begin"]);
    }

    fn place(root: &str, tree: &str, linked: Option<&str>, below: &Path) -> Place {
        let at = |path: &str| below.join(path).components().collect::<PathBuf>();
        Place { root: at(root), tree: at(tree), linked: linked.map(at) }
    }

    #[test]
    fn a_linked_tree_is_of_the_main_checkouts_project() {
        let directory = tempfile::tempdir().unwrap();
        let here = directory.path().canonicalize().unwrap();
        repository(&here.join("main"), &["harness.toml", "src/a", "apps/b/harness.toml"]);
        git(&here.join("main"), &["worktree", "add", "--quiet", ".claude/worktrees/fox", "-b", "fox"]);
        git(&here.join("main"), &["worktree", "add", "--quiet", "../beside"]);
        let fox = "main/.claude/worktrees/fox";
        for (stands, root, tree, linked) in [
            ("main/src", "main", "main", None),
            (fox, "main", fox, Some(fox)),
            ("main/.claude/worktrees/fox/src", "main", fox, Some(fox)),
            ("beside/apps/b", "main/apps/b", "beside/apps/b", Some("beside")),
        ] {
            assert_eq!(Place::of(&here.join(stands)).unwrap(), place(root, tree, linked, &here), "{stands}");
        }
    }

    #[test]
    fn a_file_that_is_not_committed_counts_in_every_tree() {
        let directory = tempfile::tempdir().unwrap();
        let here = directory.path().canonicalize().unwrap();
        repository(&here.join("main"), &["apps/b/a"]);
        git(&here.join("main"), &["worktree", "add", "--quiet", "../tree"]);
        assert!(Place::of(&here.join("tree")).is_err());
        put(&here.join("main/apps/b/harness.toml"));
        let found = Place::of(&here.join("tree/apps/b")).unwrap();
        assert_eq!(found, place("main/apps/b", "tree/apps/b", Some("tree"), &here));
        // of a file above both trees only if the repository lies below it
        put(&here.join("harness.toml"));
        git(&here, &["init", "--quiet", "-b", "trunk", "other/main"]);
        assert_eq!(Place::of(&here.join("tree")).unwrap(), place("", "tree", Some("tree"), &here));
        let strange = tempfile::tempdir().unwrap();
        let strange = strange.path().canonicalize().unwrap();
        repository(&strange.join("main"), &["a"]);
        git(&strange.join("main"), &["worktree", "add", "--quiet", here.join("guest").to_str().unwrap()]);
        assert!(Place::of(&here.join("guest")).is_err());
    }

    #[test]
    fn in_a_bare_layout_the_default_branch_stands_for_the_main_checkout() {
        let directory = tempfile::tempdir().unwrap();
        let here = directory.path().canonicalize().unwrap();
        repository(&here.join("origin"), &["harness.toml"]);
        git(&here, &["clone", "--quiet", "--bare", "origin", "shop/.bare"]);
        fs::write(here.join("shop/.git"), "gitdir: ./.bare\n").unwrap();
        git(&here.join("shop"), &["worktree", "add", "--quiet", "fox", "-b", "fox"]);
        assert_eq!(Place::of(&here.join("shop/fox")).unwrap(), place("shop/fox", "shop/fox", Some("shop/fox"), &here));
        git(&here.join("shop"), &["worktree", "add", "--quiet", "trunk"]);
        assert_eq!(
            Place::of(&here.join("shop/fox")).unwrap(),
            place("shop/trunk", "shop/fox", Some("shop/fox"), &here)
        );
        put(&here.join("shop/harness.toml"));
        assert_eq!(Place::of(&here.join("shop/fox")).unwrap(), place("shop", "shop/fox", Some("shop/fox"), &here));
    }
}
