//! What keeps harness's files out of git: lines of an exclude file, and the section of the repository's
//! configuration by which a linked work tree has an exclude file of its own.
//!
//! The lines of a work tree that harness made go with the tree, its section after it.

use std::path::{Path, PathBuf};

use super::owner::{Found, Owner};
use crate::render;
use crate::report::{Failure, Removed, RemovedKind};

/// The paths that are kept out of git by a line that outlives the agent's own tree, and the directory whose repository
/// has these lines: one question to git for all of them.
fn kept_out<'a>(owner: &Owner<'a>) -> Option<(&'a Path, Vec<PathBuf>)> {
    let record = owner.record?;
    let (directory, paths) = match record.worktree.as_ref().filter(|tree| tree.made) {
        Some(tree) => (owner.root()?, vec![&tree.path]),
        None => (record.tree.as_path(), record.rendered.iter().chain(&record.guides).collect()),
    };
    let below = paths.into_iter().filter_map(|path| path.strip_prefix(directory).ok().map(Path::to_owned));
    let below: Vec<PathBuf> = below.collect();
    (directory.is_dir() && !below.is_empty()).then_some((directory, below))
}

pub(super) fn find(owner: &Owner<'_>) -> Result<Found, Failure> {
    let mut own = Vec::new();
    if let Some((directory, below)) = kept_out(owner) {
        let lines = render::exclude_lines(directory, &below)?;
        own.extend(lines.into_iter().map(|line| Removed::new(RemovedKind::ExcludeLine, line)));
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
    if let Some((directory, below)) = kept_out(owner) {
        render::readmit_to_git(directory, &below)?;
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
