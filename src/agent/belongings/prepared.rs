//! What the home remembers of `[prepare]` in a tree: it means nothing once the tree is gone.
//!
//! The project's root is no agent's: what is remembered of it stays, and is collected when the root itself
//! is gone.

use std::path::PathBuf;

use super::owner::{Found, Owner};
use crate::agent::prepared_files;
use crate::report::{Failure, Removed, RemovedKind};
use crate::system::{self, Home};

fn there(owner: &Owner<'_>) -> Vec<PathBuf> {
    let tree = owner.record.and_then(|record| record.worktree.as_ref().filter(|tree| tree.made).map(|_| &record.tree));
    let files = tree.into_iter().flat_map(|tree| prepared_files::of_tree(&owner.context.home, tree));
    files.filter(|file| file.exists()).collect()
}

pub(super) fn find(owner: &Owner<'_>) -> Found {
    Found::own(
        there(owner).into_iter().map(|file| Removed::new(RemovedKind::State, file.display().to_string())).collect(),
    )
}

pub(super) fn remove(owner: &Owner<'_>) -> Result<(), Failure> {
    for file in there(owner) {
        system::remove_if_exists(&file)?;
    }
    Ok(())
}

/// The files of trees that are gone, of all agents.
pub(in crate::agent) fn orphaned(home: &Home) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(home.path().join("prepared")).into_iter().flatten().filter_map(Result::ok);
    let memories = entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|it| it == "json"));
    let is_orphaned = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let document: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        document["tree"].as_str().is_some_and(|tree| !std::path::Path::new(tree).exists())
    };
    memories.filter(is_orphaned).flat_map(|path| [path.with_extension("lock"), path]).filter(|it| it.exists()).collect()
}
