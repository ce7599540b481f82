//! Following a tree or a project that was moved.
//!
//! A project is its directory, not its path: the launch marks the root's device, inode and time of creation, and so the
//! tree's ([`TreeMarks`]). What is found with that mark at another path is the same. A copy is another one, a move to
//! another file system too. An agent that an older version launched has no marks; there a project of the same name counts, where
//! the recorded root is gone.
//!
//! A tree is looked for where the command stands, where its supervisor saw it go, and among the work trees that git
//! lists. A work tree that was moved is its mover's from then on: harness runs it and does not remove it.

use std::path::{Path, PathBuf};

use super::record::WorktreeRecord;
use super::{Context, Record, worktree};
use crate::project::{FILE, Project};
use crate::render;
use crate::supervisor::{NotedMove, TreeMarks};
use crate::system::{Checkout, with_causes};

/// Whether `project` is the recorded one at another place.
pub(super) fn is_moved_project(context: &Context, record: &Record, project: &Project) -> bool {
    if record.project_root == project.root || record.project_root.join(FILE).exists() {
        return false;
    }
    match marks(context, record).filter(|marks| marks.root.path() == record.project_root) {
        Some(marks) => marks.root.is(&project.root),
        None => record.project == project.name,
    }
}

/// The record with every path where it is now; unchanged where nothing was moved, or it is not found. Nothing is written.
pub(super) fn followed(context: &Context, record: Record, project: Option<&Project>) -> Record {
    let moved =
        project.filter(|project| is_moved_project(context, &record, project)).map(|project| project.root.clone());
    let record = match moved.or_else(|| root_around(context, &record)) {
        Some(new) => {
            let old = record.project_root.clone();
            relocated(record, &old, &new)
        }
        None => record,
    };
    if record.place().exists() {
        return record;
    }
    let Some(marks) = marks(context, &record) else { return record };
    let Some(found) = candidates(context, &record).into_iter().find(|path| marks.tree.is(path)) else { return record };
    let old = record.place().to_owned();
    let record = relocated(record, &old, &found);
    let worktree = record.worktree.map(|tree| WorktreeRecord { made: false, branch: None, ..tree });
    Record { worktree, ..record }
}

/// The recorded root, where it was moved and the command stands in it.
fn root_around(context: &Context, record: &Record) -> Option<PathBuf> {
    if record.project_root.exists() {
        return None;
    }
    let marks = marks(context, record).filter(|marks| marks.root.path() == record.project_root)?;
    context.directory.ancestors().find(|above| marks.root.is(above)).map(Path::to_owned)
}

fn marks(context: &Context, record: &Record) -> Option<TreeMarks> {
    TreeMarks::read(&context.home.stack_dir(record.agent.stack()))
}

/// Where a tree may be.
fn candidates(context: &Context, record: &Record) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = context.directory.ancestors().map(Path::to_owned).collect();
    paths.extend(NotedMove::read(&context.home.stack_dir(record.agent.stack())).and_then(|noted| noted.to));
    let repository = Checkout::around(&record.project_root);
    paths.extend(repository.iter().flat_map(Checkout::linked_trees).map(|tree| tree.top));
    paths
}

/// The record with what lay in `old` in `new`.
fn relocated(record: Record, old: &Path, new: &Path) -> Record {
    let moved = |path: PathBuf| match path.strip_prefix(old) {
        Ok(below) => new.components().chain(below.components()).collect(),
        Err(_) => path,
    };
    let all = |paths: Vec<PathBuf>| paths.into_iter().map(moved).collect();
    Record {
        project_root: moved(record.project_root),
        tree: moved(record.tree),
        worktree: record.worktree.map(|tree| WorktreeRecord { path: moved(tree.path), ..tree }),
        rendered: all(record.rendered),
        guides: all(record.guides),
        env_file: record.env_file.map(moved),
        ..record
    }
}

/// Has git find the work tree of a record that was followed, and brings what keeps harness's files out of git to where
/// they are.
pub(super) async fn mend(context: &Context, record: &Record) {
    if let Some(tree) = &record.worktree {
        worktree::repair(&record.project_root, &tree.path).await;
    }
    if let Err(error) = render::mend_trees(&record.project_root) {
        let text = format!("files of harness may show in `git status`: {}", with_causes(&error));
        context.events.warning(format!("agent {}", record.agent), text);
    }
}
