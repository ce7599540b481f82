//! Removing a work tree, and the branch that was made for it.
//!
//! The tree is renamed aside, then its entry goes, then its branch; cut off anywhere, the next teardown
//! goes on from what is there. Nothing here touches another work tree or its entry.

use std::path::Path;

use super::entry::{Entry, is_tree_of};
use super::error::Error;
use super::git::{Standing, act, ask, has_branch};
use super::{trash, unique};
use crate::agent::record::WorktreeRecord;
use crate::system::{self, GitError, Home, is_half_made};

/// Whether git has ended its part of the work tree; until then there can be no work in it. git writes
/// the index last.
///
/// # Errors
/// git cannot be started.
pub(in crate::agent) async fn is_checked_out(worktree: &WorktreeRecord) -> Result<bool, Error> {
    if worktree.populated {
        return Ok(true);
    }
    let path = &worktree.path;
    if !path.join(".git").is_file() {
        return Ok(false);
    }
    match ask(path, &["rev-parse", "--path-format=absolute", "--git-path", "index"]).await {
        Ok(index) => Ok(Path::new(&index).exists()),
        Err(Error::Git(GitError::Failed { .. })) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Takes off the lock that git keeps on a work tree until it has ended, should it have been killed just then.
pub(in crate::agent) async fn unlock(root: &Path, worktree: &WorktreeRecord) {
    // a failure means that there is none
    let _ = act(root, &["worktree", "unlock", &worktree.path.to_string_lossy()]).await;
}

/// Has git find a work tree and its repository again after one or both were moved.
pub(in crate::agent) async fn repair(root: &Path, tree: &Path) {
    // what cannot be repaired fails at the next question about it, with git's reason
    let _ = act(root, &["worktree", "repair", &tree.to_string_lossy()]).await;
}

/// Refuses to remove a work tree that a person locked with `git worktree lock`.
///
/// # Errors
/// [`Error::Locked`].
pub(in crate::agent) async fn check_unlocked(root: &Path, worktree: &WorktreeRecord) -> Result<(), Error> {
    // until it is populated, the lock is git's own
    if !worktree.made || !worktree.populated || !root.exists() {
        return Ok(());
    }
    let Some(standing) = Standing::of(root).await? else { return Ok(()) };
    match Entry::of(&standing.common, &worktree.path).and_then(|entry| entry.lock()) {
        Some(reason) => Err(Error::Locked { path: worktree.path.clone(), reason }),
        None => Ok(()),
    }
}

/// Removes what git has left of a work tree whose making was cut off, and its entry.
///
/// # Errors
/// Something else is at its path.
pub(in crate::agent) async fn discard(home: &Home, root: &Path, worktree: &WorktreeRecord) -> Result<(), Error> {
    // killed while it wrote its entry, git stumbles over that with every command: no help is asked of it
    if let Some(standing) = Standing::of(root).await? {
        take_apart(home, &standing.common, &worktree.path).await?;
    }
    if worktree.path.exists() { Err(Error::Occupied(worktree.path.clone())) } else { Ok(()) }
}

/// Removes a work tree and its entry, if each names the other or has not come to naming anything.
async fn take_apart(home: &Home, common: &Path, tree: &Path) -> Result<(), Error> {
    let entry = Entry::of(common, tree);
    let link = tree.join(".git");
    if is_tree_of(common, tree) {
        trash::delete(home, tree, common).await?;
    } else if std::fs::read_to_string(&link).is_ok_and(|text| text.trim().is_empty()) {
        system::remove_if_exists(&link)?;
    }
    if let Some(entry) = entry {
        entry.remove()?;
    }
    // everything else in it stays
    let _ = std::fs::remove_dir(tree);
    Ok(())
}

/// Removes a work tree that harness made, its path and its entry. That it is gone already is no error.
///
/// # Errors
/// Something else is at its path; it cannot be renamed.
pub(in crate::agent) async fn remove_tree(home: &Home, root: &Path, worktree: &WorktreeRecord) -> Result<(), Error> {
    if !root.exists() {
        // the repository is gone, and with it all that the tree was a part of
        if worktree.path.join(".git").is_file() {
            trash::delete(home, &worktree.path, Path::new("/nonexistent")).await?;
        }
        return Ok(());
    }
    if !is_checked_out(worktree).await? {
        return discard(home, root, worktree).await;
    }
    let Some(standing) = Standing::of(root).await? else { return Err(Error::NoRepository(root.to_owned())) };
    let entry = Entry::of(&standing.common, &worktree.path);
    if worktree.path.exists() {
        if entry.is_none() && !is_tree_of(&standing.common, &worktree.path) {
            return Err(Error::Occupied(worktree.path.clone()));
        }
        trash::delete(home, &worktree.path, &standing.common).await?;
    }
    entry.map_or(Ok(()), Entry::remove)
}

/// The branch that harness made for a work tree, if it goes with it: nothing in it is unique, or `force`,
/// and no other work tree has it checked out.
///
/// # Errors
/// git cannot read the repository.
pub(in crate::agent) async fn branch_to_remove(
    root: &Path,
    worktree: &WorktreeRecord,
    force: bool,
) -> Result<Option<String>, Error> {
    let Some(branch) = worktree.branch.as_deref().filter(|_| worktree.made && root.exists()) else { return Ok(None) };
    if !has_branch(root, branch).await? {
        return Ok(None);
    }
    let elsewhere = checked_out_at(root, &format!("refs/heads/{branch}")).await?;
    if elsewhere.is_some_and(|path| path != worktree.path) {
        return Ok(None);
    }
    let goes = force || unique::unique_commits(root, &format!("refs/heads/{branch}"), &[branch]).await? == 0;
    Ok(goes.then(|| branch.to_owned()))
}

/// Removes a branch with its commits. That it is gone already is not an error.
///
/// # Errors
/// git refuses.
pub(in crate::agent) async fn remove_branch(root: &Path, branch: &str) -> Result<(), Error> {
    if has_branch(root, branch).await? {
        act(root, &["branch", "-D", "--quiet", "--", branch]).await?;
    }
    Ok(())
}

/// The work tree that has a branch checked out, if it still exists.
pub(super) async fn checked_out_at(root: &Path, reference: &str) -> Result<Option<std::path::PathBuf>, Error> {
    let list = match ask(root, &["worktree", "list", "--porcelain"]).await {
        // a git that was killed has left half an entry; to remove a branch that is checked out is refused by git itself
        Err(Error::Git(error)) if is_half_made(&error.to_string()) => return Ok(None),
        list => list?,
    };
    let mut path = None;
    for line in list.lines() {
        if let Some(found) = line.strip_prefix("worktree ") {
            path = Some(std::path::PathBuf::from(found));
        } else if line.strip_prefix("branch ") == Some(reference) {
            return Ok(path.filter(|path| path.exists()));
        }
    }
    Ok(None)
}

/// Whether there is anything of a work tree: its directory, or its entry.
///
/// # Errors
/// git cannot be started.
pub(in crate::agent) async fn is_there(root: &Path, worktree: &WorktreeRecord) -> Result<bool, Error> {
    if worktree.path.exists() || !root.exists() {
        return Ok(worktree.path.exists());
    }
    let standing = Standing::of(root).await?;
    Ok(standing.is_some_and(|standing| Entry::of(&standing.common, &worktree.path).is_some()))
}
