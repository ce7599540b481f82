//! Removing a work tree, after a look at what would be lost.

use super::git::{Error, git, unique_commits};
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
    if !worktree.made || !worktree.path.exists() {
        return Ok(loss);
    }
    let path = &worktree.path;
    let changed = git(path, &["status", "--porcelain", "--untracked-files=all"]).await?;
    let files: Vec<&str> = changed.lines().filter_map(|line| line.get(3..)).collect();
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

/// Removes a work tree that harness made, and the branch that it made for it.
///
/// # Errors
/// [`Error::WouldLose`] without `force` when there is work in it that nobody else has.
pub(in crate::agent) async fn remove(
    root: &std::path::Path,
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
    if worktree.path.exists() {
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
