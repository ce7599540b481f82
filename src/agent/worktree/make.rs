//! Making or adopting a work tree.

use std::path::{Path, PathBuf};

use super::git::{Error, common_directory, git, unique_commits};
use super::populate::populate;
use crate::agent::record::WorktreeRecord;
use crate::project::{Template, WorktreeSettings};
use crate::report::Events;

/// What a launch asks for.
#[derive(Debug)]
pub(in crate::agent) struct Wish<'a> {
    /// The project's root.
    pub(in crate::agent) root: &'a Path,
    /// Where the work tree shall be.
    pub(in crate::agent) path: PathBuf,
    /// Its branch, and whether the user named it.
    pub(in crate::agent) branch: String,
    /// Whether `--branch` named it.
    pub(in crate::agent) named: bool,
    /// What comes along.
    pub(in crate::agent) settings: &'a WorktreeSettings,
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

/// Makes the work tree, or adopts what is there. `note` is told what will be made before it is made.
pub(in crate::agent) async fn enter(
    wish: &Wish<'_>,
    events: &Events,
    subject: &str,
    note: impl FnOnce(&WorktreeRecord) -> Result<(), crate::system::Error>,
) -> Result<Result<WorktreeRecord, crate::system::Error>, Error> {
    let Some(repository) = common_directory(wish.root).await? else {
        return Err(Error::NoRepository(wish.root.to_owned()));
    };
    if wish.path.exists() {
        if common_directory(&wish.path).await?.as_ref() != Some(&repository) {
            return Err(Error::Occupied(wish.path.clone()));
        }
        let record = WorktreeRecord { path: wish.path.clone(), branch: None, made: false };
        return Ok(note(&record).map(|()| record));
    }
    let fresh = branch_is_free(wish).await?;
    let branch = fresh.then(|| wish.branch.clone());
    let record = WorktreeRecord { path: wish.path.clone(), branch, made: true };
    if let Err(error) = note(&record) {
        return Ok(Err(error));
    }
    let task = events.task(subject, format!("make work tree {}", wish.path.display()));
    let path = wish.path.to_string_lossy();
    // a directory that was removed by hand leaves an entry behind that would refuse the path
    git(wish.root, &["worktree", "prune"]).await?;
    if fresh {
        git(wish.root, &["worktree", "add", "-B", &wish.branch, &path, "HEAD"]).await?;
    } else {
        git(wish.root, &["worktree", "add", &path, &wish.branch]).await?;
    }
    populate(wish.root, &wish.path, wish.settings, &task).await?;
    task.finish();
    Ok(Ok(record))
}

/// Whether the branch is to be made (or is a stale one without work of its own); false when the user
/// named one that exists.
async fn branch_is_free(wish: &Wish<'_>) -> Result<bool, Error> {
    let reference = format!("refs/heads/{}", wish.branch);
    if git(wish.root, &["show-ref", "--verify", "--quiet", &reference]).await.is_err() {
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
    let list = git(root, &["worktree", "list", "--porcelain"]).await?;
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
