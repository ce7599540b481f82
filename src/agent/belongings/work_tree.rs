//! The work tree that harness made, and its branch. What was adopted is not found here.

use super::owner::{Found, Owner};
use crate::agent::WorktreeError;
use crate::agent::record::{Record, WorktreeRecord};
use crate::agent::worktree;
use crate::report::{Failure, REFUSED, Removed, RemovedKind};

fn made<'a>(owner: &Owner<'a>) -> Option<(&'a Record, &'a WorktreeRecord)> {
    let record = owner.record?;
    Some((record, record.worktree.as_ref().filter(|worktree| worktree.made)?))
}

/// Why the agent's work tree must not be removed; asked before anything is touched, so that a refusal leaves
/// a working agent.
///
/// # Errors
/// It is locked, or holds work that exists nowhere else. Never with `force`.
pub(in crate::agent) async fn refusal(owner: &Owner<'_>) -> Result<(), WorktreeError> {
    let Some((record, tree)) = made(owner).filter(|_| !owner.force) else { return Ok(()) };
    let loss = owner.loss().await?;
    if !loss.what.is_empty() {
        return Err(WorktreeError::WouldLose { path: tree.path.clone(), lost: loss.what.clone() });
    }
    worktree::check_unlocked(&record.project_root, tree).await
}

pub(super) async fn find(owner: &Owner<'_>) -> Result<Found, Failure> {
    let Some((record, tree)) = made(owner) else { return Ok(unknown(owner)) };
    if !worktree::is_there(&record.project_root, tree).await? {
        return Ok(Found::default());
    }
    let mut notes = Vec::new();
    match refusal(owner).await {
        Err(WorktreeError::WouldLose { lost, .. }) => {
            notes.push(format!("{REFUSED}{}", lost.join(", ")));
        }
        Err(error @ WorktreeError::Locked { .. }) => notes.push(format!("{REFUSED}{error}")),
        Err(error) => return Err(error.into()),
        Ok(()) => notes.extend(owner.loss().await?.what.iter().map(|lost| format!("with {lost}"))),
    }
    let ignored = &owner.loss().await?.ignored;
    if !ignored.is_empty() {
        let more = if ignored.len() > SHOWN { format!(" and {} more", ignored.len() - SHOWN) } else { String::new() };
        let shown = ignored.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
        notes.push(format!("with ignored files that the project's root does not have: {shown}{more}"));
    }
    let detail = Some(notes.join("; ")).filter(|notes| !notes.is_empty());
    Ok(Found::own(vec![Removed { kind: RemovedKind::WorkTree, name: tree.path.display().to_string(), detail }]))
}

/// A work tree that may be harness's or somebody's own: the record that says so is damaged, so it stays.
fn unknown(owner: &Owner<'_>) -> Found {
    let tree = owner.record.and_then(|record| record.worktree.as_ref()).filter(|_| owner.is_damaged);
    let detail = "without its record it is not known who made it; `git worktree remove` removes it";
    let foreign =
        tree.iter().map(|tree| Removed::with(RemovedKind::WorkTree, tree.path.display().to_string(), detail)).collect();
    Found { foreign, ..Found::default() }
}

/// How many ignored files are named.
const SHOWN: usize = 8;

pub(super) async fn find_branch(owner: &Owner<'_>) -> Result<Found, Failure> {
    let Some((record, tree)) = made(owner) else { return Ok(Found::default()) };
    let branch = worktree::branch_to_remove(&record.project_root, tree, owner.force).await?;
    Ok(Found::own(branch.into_iter().map(|branch| Removed::new(RemovedKind::Branch, branch)).collect()))
}

pub(super) fn recorded(owner: &Owner<'_>, why: &str) -> Vec<Removed> {
    let Some((_, tree)) = made(owner) else { return Vec::new() };
    if tree.path.exists() {
        vec![Removed::with(RemovedKind::WorkTree, tree.path.display().to_string(), why)]
    } else {
        Vec::new()
    }
}

pub(super) async fn remove(owner: &Owner<'_>) -> Result<(), Failure> {
    let Some((record, tree)) = made(owner) else { return Ok(()) };
    Ok(worktree::remove_tree(&owner.context.home, &record.project_root, tree).await?)
}

pub(super) async fn remove_branch(owner: &Owner<'_>, found: &[Removed]) -> Result<(), Failure> {
    let Some((record, _)) = made(owner) else { return Ok(()) };
    for branch in found {
        worktree::remove_branch(&record.project_root, &branch.name).await?;
    }
    Ok(())
}
