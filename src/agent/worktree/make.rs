//! Choosing and making a work tree.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use super::git::{Error, Standing, act, ask, unique_commits};
use super::work;
use crate::agent::record::WorktreeRecord;
use crate::project::{Template, WorktreeSettings};
use crate::report::Events;
use crate::system::GitError;

/// What a launch asks for.
#[derive(Debug)]
pub(in crate::agent) struct Wish<'a> {
    /// The project's root.
    pub(in crate::agent) root: &'a Path,
    /// Where the work tree shall be, [`resolved`].
    pub(in crate::agent) path: PathBuf,
    /// Its branch, and whether the user named it.
    pub(in crate::agent) branch: String,
    /// Whether `--branch` named it.
    pub(in crate::agent) named: bool,
}

/// What a wish comes to.
#[derive(Debug)]
pub(in crate::agent) struct Choice {
    /// What is to be written down, before anything is made.
    pub(in crate::agent) worktree: WorktreeRecord,
    /// The directory in it that corresponds to the project's root, which need not be the repository's.
    pub(in crate::agent) tree: PathBuf,
}

/// What holds for `--worktree` in a project without a `[worktree]` table.
pub(in crate::agent) fn default_settings() -> WorktreeSettings {
    WorktreeSettings {
        path: Template("~/worktrees/{{ project }}-agent-{{ id }}".to_owned()),
        branch: Template("agent/{{ id }}".to_owned()),
        copy: Vec::new(),
        clone: Vec::new(),
    }
}

/// A path as the kernel shows it to who stands in it: without `..`, and without symbolic links as far as
/// it exists.
pub(in crate::agent) fn resolved(path: &Path) -> PathBuf {
    let mut resolved = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                resolved.pop();
            }
            Component::CurDir => {}
            other => {
                resolved.push(other);
                resolved = resolved.canonicalize().unwrap_or(resolved);
            }
        }
    }
    resolved
}

/// Looks at what is there: a work tree of the repository is adopted, where nothing is one is to be made.
/// Changes nothing.
///
/// # Errors
/// No repository; something else is at the path; the branch is in use or holds work.
pub(in crate::agent) async fn choose(wish: &Wish<'_>) -> Result<Choice, Error> {
    let Some(root) = Standing::of(wish.root).await? else {
        return Err(Error::NoRepository(wish.root.to_owned()));
    };
    let path = wish.path.clone();
    let tree = path.components().chain(root.below.components()).collect();
    if path.exists() {
        let there = if path.is_dir() { Standing::of(&path).await? } else { None };
        // a plain directory in a checkout is of the same repository, and no work tree
        if !there.is_some_and(|it| it.common == root.common && it.top == path && it.top != root.top) {
            return Err(Error::Occupied(path));
        }
        return Ok(Choice {
            worktree: WorktreeRecord { path, branch: None, made: false, populated: true, copied: None },
            tree,
        });
    }
    let branch = branch_is_free(wish).await?.then(|| wish.branch.clone());
    Ok(Choice { worktree: WorktreeRecord { path, branch, made: true, populated: false, copied: None }, tree })
}

/// Makes a work tree that was chosen to be made: git's part of it. `marker` is the stack's.
pub(in crate::agent) async fn make(
    wish: &Wish<'_>,
    chosen: &WorktreeRecord,
    marker: &str,
    events: &Events,
    subject: &str,
) -> Result<(), Error> {
    let task = events.task(subject, format!("make work tree {}", chosen.path.display()));
    let path = chosen.path.to_string_lossy();
    // a directory that was removed by hand leaves an entry behind that would refuse the path
    act(wish.root, &["worktree", "prune"]).await?;
    let add = match &chosen.branch {
        Some(branch) => vec!["git", "worktree", "add", "--quiet", "-B", branch, &path, "HEAD"],
        None => vec!["git", "worktree", "add", "--quiet", &path, &wish.branch],
    };
    let program: Vec<&OsStr> = add.iter().map(OsStr::new).collect();
    let output = work::run(&program, wish.root, marker).await?;
    if !output.ending.is_success() {
        let (command, directory) = (add[1..].join(" "), wish.root.to_owned());
        return Err(GitError::Failed { command, directory, output: output.tail }.into());
    }
    task.finish();
    Ok(())
}

/// Whether the branch is to be made (or is a stale one without work of its own); false when the user
/// named one that exists.
async fn branch_is_free(wish: &Wish<'_>) -> Result<bool, Error> {
    let reference = format!("refs/heads/{}", wish.branch);
    if ask(wish.root, &["show-ref", "--verify", "--quiet", &reference]).await.is_err() {
        return Ok(true);
    }
    if let Some(path) = checked_out_at(wish.root, &reference).await? {
        return Err(Error::BranchInUse { branch: wish.branch.clone(), path });
    }
    if wish.named {
        return Ok(false);
    }
    match unique_commits(wish.root, &reference, Some(&wish.branch)).await? {
        0 => Ok(true),
        commits => Err(Error::BranchHasWork { branch: wish.branch.clone(), commits }),
    }
}

/// The work tree that has a branch checked out, if it still exists.
async fn checked_out_at(root: &Path, reference: &str) -> Result<Option<PathBuf>, Error> {
    let list = ask(root, &["worktree", "list", "--porcelain"]).await?;
    let mut path = None;
    for line in list.lines() {
        if let Some(found) = line.strip_prefix("worktree ") {
            path = Some(PathBuf::from(found));
        } else if line.strip_prefix("branch ") == Some(reference) {
            return Ok(path.filter(|path| path.exists()));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::resolved;

    #[test]
    fn a_path_is_resolved_as_far_as_it_exists() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("real/repository")).unwrap();
        symlink(root.join("real"), root.join("link")).unwrap();
        let of = |path: &str| resolved(&root.join(path)).strip_prefix(&root).unwrap().display().to_string();
        assert_eq!(of("real/repository/../trees/agent-3"), "real/trees/agent-3");
        assert_eq!(of("link/trees/./agent-3"), "real/trees/agent-3");
        assert_eq!(of("link/repository/../../none/../trees"), "trees");
    }
}
