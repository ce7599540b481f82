//! Whether a command may change an agent from where it was given.
//!
//! Agents of all projects share the ids of a home, so `teardown 1` in one project may name an agent of
//! another by mistake. A verb that changes something therefore acts on an agent of the project of the
//! current directory; an agent of another project needs `-C` or `--force`. Outside of every project a command may
//! change all agents of the home.
//!
//! A project that was moved keeps its agents: where the recorded root is gone and the project of the current
//! directory has the same name, it is taken for the moved one.

use std::path::{Path, PathBuf};

use super::place::Place;
use super::{Context, Error, Record, identity, worktree};
use crate::project::Project;
use crate::report::Failure;

/// Refuses an agent of another project than that of the current directory.
///
/// # Errors
/// [`Error::OtherProject`], unless `force`.
pub(super) fn check(context: &Context, record: &Record, force: bool) -> Result<(), Failure> {
    if force || is_here(context, record)? {
        return Ok(());
    }
    let (agent, project, root) = (record.agent, record.project.clone(), record.project_root.clone());
    Err(Error::OtherProject { agent, project, root }.into())
}

/// Whether an agent belongs to the project of the current directory, or the current directory is in none.
///
/// # Errors
/// The home cannot be read.
pub(super) fn is_here(context: &Context, record: &Record) -> Result<bool, Failure> {
    let Some(root) = standing_root(context)? else { return Ok(true) };
    Ok(same(&record.project_root, &root) || context.project_at(&root).is_ok_and(|project| has_moved(record, &project)))
}

/// The root of the project of the current directory; in an agent's own tree, of the agent's project.
fn standing_root(context: &Context) -> Result<Option<PathBuf>, Failure> {
    let around = identity::records_around(context)?;
    let own_tree = around.iter().find(|record| !record.shares_root()).map(|record| record.project_root.clone());
    Ok(own_tree.or_else(|| Some(Place::of(&context.directory).ok()?.root)))
}

fn same(one: &Path, other: &Path) -> bool {
    one == other || matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// Whether `project` is the recorded one at another place.
pub(super) fn has_moved(record: &Record, project: &Project) -> bool {
    record.project == project.name && record.project_root != project.root && is_gone(&record.project_root)
}

/// Whether there is no project any more at a root.
pub(super) fn is_gone(root: &Path) -> bool {
    !root.join("harness.toml").exists()
}

/// The record of an agent whose project was moved, with every path where it is now. The paths between the work tree and
/// its repository are corrected in git.
pub(super) async fn follow(record: Record, project: &Project) -> Record {
    if !has_moved(&record, project) {
        return record;
    }
    let old = record.project_root.clone();
    let moved = |path: PathBuf| match path.strip_prefix(&old) {
        Ok(below) if below.as_os_str().is_empty() => project.root.clone(),
        Ok(below) => project.root.join(below),
        Err(_) => path,
    };
    let all = |paths: Vec<PathBuf>| paths.into_iter().map(moved).collect();
    let record = Record {
        project_root: project.root.clone(),
        tree: moved(record.tree),
        worktree: record.worktree.map(|tree| super::record::WorktreeRecord { path: moved(tree.path), ..tree }),
        rendered: all(record.rendered),
        guides: all(record.guides),
        env_file: record.env_file.map(moved),
        ..record
    };
    if let Some(tree) = &record.worktree {
        worktree::repair(&record.project_root, &tree.path).await;
    }
    record
}
