//! Removing a work tree, after a look at what would be lost.

use std::path::Path;

use super::git::{Error, git, unique_commits};
use super::populate::PARTIAL;
use crate::agent::record::WorktreeRecord;
use crate::report::Removed;

/// What only this work tree has.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(in crate::agent) struct Loss {
    /// Each as a phrase: `2 uncommitted files (a.rs, b.rs)`.
    pub(in crate::agent) what: Vec<String>,
}

/// Looks for uncommitted files and for commits that neither a remote nor another branch has.
pub(in crate::agent) async fn loss(worktree: &WorktreeRecord) -> Result<Loss, Error> {
    let mut loss = Loss::default();
    if !worktree.made || !worktree.path.exists() || !is_checked_out(worktree).await? {
        return Ok(loss);
    }
    let path = &worktree.path;
    let changed = git(path, &["status", "--porcelain", "--untracked-files=all"]).await?;
    let files = changed.lines().filter_map(|line| line.get(3..));
    // copies of what the project's root has
    let files: Vec<&str> = files.filter(|name| !name.contains(PARTIAL)).collect();
    if !files.is_empty() {
        let named: Vec<&str> = files.iter().copied().take(3).collect();
        let more = if files.len() > 3 { ", ..." } else { "" };
        loss.what.push(format!("{} uncommitted files ({}{more})", files.len(), named.join(", ")));
    }
    let branch = git(path, &["branch", "--show-current"]).await?;
    let commits =
        unique_commits(path, "HEAD", Some(&branch).filter(|name| !name.is_empty()).map(String::as_str)).await?;
    if commits > 0 {
        loss.what.push(format!("{commits} unpushed commits"));
    }
    Ok(loss)
}

/// Whether git has ended its part of the work tree; until then nobody can have worked in it. git writes
/// the index last.
pub(in crate::agent) async fn is_checked_out(worktree: &WorktreeRecord) -> Result<bool, Error> {
    if worktree.populated {
        return Ok(true);
    }
    let path = &worktree.path;
    if !path.join(".git").is_file() {
        return Ok(false);
    }
    match git(path, &["rev-parse", "--path-format=absolute", "--git-path", "index"]).await {
        Ok(index) => Ok(Path::new(&index).exists()),
        Err(Error::Failed { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Removes what git has left of a work tree whose making was cut off, and its entry.
///
/// # Errors
/// Something else is at its path.
pub(in crate::agent) async fn discard(root: &Path, worktree: &WorktreeRecord) -> Result<(), Error> {
    let path = worktree.path.to_string_lossy();
    // twice: git locks what it has not ended
    if git(root, &["worktree", "remove", "--force", "--force", &path]).await.is_ok() {
        return Ok(());
    }
    // not even its `.git` was written: an empty directory and an entry, or one of them
    let _ = std::fs::remove_dir(&worktree.path);
    let _ = git(root, &["worktree", "unlock", &path]).await;
    git(root, &["worktree", "prune"]).await?;
    if worktree.path.exists() { Err(Error::Occupied(worktree.path.clone())) } else { Ok(()) }
}

/// Removes a work tree that harness made, and the branch that it made for it.
///
/// # Errors
/// [`Error::WouldLose`] without `force` when there is work in it that nobody else has.
pub(in crate::agent) async fn remove(
    root: &Path,
    worktree: &WorktreeRecord,
    force: bool,
) -> Result<Vec<Removed>, Error> {
    let mut removed = Vec::new();
    if !worktree.made {
        return Ok(removed);
    }
    let loss = loss(worktree).await?;
    if !loss.what.is_empty() && !force {
        return Err(Error::WouldLose { path: worktree.path.clone(), lost: loss.what });
    }
    if !root.exists() {
        // the repository itself is gone: its work tree is a plain directory now
        return Ok(removed);
    }
    if !is_checked_out(worktree).await? {
        if worktree.path.exists() {
            removed.push(Removed::new("worktree", worktree.path.display().to_string()));
        }
        discard(root, worktree).await?;
    } else if worktree.path.exists() {
        // --force: ignored files (a build, a rendered env file) are no reason to stay
        git(root, &["worktree", "remove", "--force", &worktree.path.to_string_lossy()]).await?;
        removed.push(Removed::new("worktree", worktree.path.display().to_string()));
    } else {
        git(root, &["worktree", "prune"]).await?;
    }
    if let Some(branch) = &worktree.branch {
        let reference = format!("refs/heads/{branch}");
        let exists = git(root, &["show-ref", "--verify", "--quiet", &reference]).await.is_ok();
        if exists && (force || unique_commits(root, &reference, Some(branch)).await? == 0) {
            git(root, &["branch", "-D", "--", branch]).await?;
            removed.push(Removed::new("branch", branch));
        }
    }
    Ok(removed)
}
