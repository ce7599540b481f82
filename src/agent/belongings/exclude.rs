//! What keeps harness's files out of git: lines of an exclude file, and the section of the repository's
//! configuration by which a linked work tree has an exclude file of its own.
//!
//! The lines of a work tree that harness made go with the tree, its section after it.

use std::path::{Path, PathBuf};

use super::owner::{Found, Owner};
use crate::render;
use crate::report::{Failure, Removed, RemovedKind};

/// The paths that are kept out of git by a line that outlives the agent's own tree, each with the directory
/// whose repository has the line.
fn kept_out<'a>(owner: &Owner<'a>) -> Vec<(&'a Path, PathBuf)> {
    let Some(record) = owner.record else { return Vec::new() };
    let below = |directory: &'a Path, path: &Path| Some((directory, path.strip_prefix(directory).ok()?.to_owned()));
    let made = record.worktree.as_ref().filter(|tree| tree.made);
    let mut paths: Vec<_> = match made {
        Some(tree) => owner.root().and_then(|root| below(root, &tree.path)).into_iter().collect(),
        None => record.rendered.iter().chain(&record.guides).filter_map(|path| below(&record.tree, path)).collect(),
    };
    paths.retain(|(directory, _)| directory.is_dir());
    paths
}

pub(super) fn find(owner: &Owner<'_>) -> Result<Found, Failure> {
    let mut own = Vec::new();
    for (directory, path) in kept_out(owner) {
        if let Some(line) = render::exclude_line(directory, &path)? {
            own.push(Removed::new(RemovedKind::ExcludeLine, line));
        }
    }
    let tree = owner.record.and_then(|record| record.worktree.as_ref());
    if let Some((root, tree)) = owner.root().zip(tree).filter(|(_, tree)| tree.made || !tree.path.exists())
        && let Some(section) = render::tree_section(root, &tree.path)?
    {
        own.push(Removed::new(RemovedKind::GitConfig, section));
    }
    Ok(Found::own(own))
}

pub(super) fn remove(owner: &Owner<'_>) -> Result<(), Failure> {
    for (directory, path) in kept_out(owner) {
        render::readmit_to_git(directory, &path)?;
    }
    let deleted = owner.record.and_then(|record| record.worktree.as_ref()).filter(|it| !it.made && !it.path.exists());
    if let Some((root, tree)) = owner.root().zip(deleted) {
        render::forget_tree(root, &tree.path)?;
    }
    if let Some(root) = owner.root().filter(|_| owner.record.is_some_and(|record| record.worktree.is_some())) {
        render::forget_trees(root)?;
    }
    Ok(())
}
