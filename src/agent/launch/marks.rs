//! By what the tree is known again: the mark that the supervisor watches, and what a launch makes of it.

use super::scope::Scope;
use crate::agent::Record;
use crate::report::Failure;
use crate::supervisor::{self, Client, NotedMove, TreeMarks};
use crate::system::{DirectoryMark, Fate};

/// Marks the tree and the project's root, before anything runs there.
pub(super) fn leave(scope: Scope<'_>, record: &Record) -> Result<(), Failure> {
    let (Some(tree), Some(root)) = (DirectoryMark::of(record.place()), DirectoryMark::of(&record.project_root)) else {
        return Ok(());
    };
    let needed = record.base_environment.iter().filter(|(name, _)| ["PATH", "HOME"].contains(&name.as_str()));
    let environment = needed.map(|(name, value)| (name.clone(), value.clone())).collect();
    Ok(TreeMarks { tree, root, environment }.write(&scope.directory())?)
}

/// Stops a stack whose tree was deleted, also if another is at its path by now: its processes stand in a directory that
/// does not exist.
pub(super) async fn stop_if_gone(scope: Scope<'_>, record: &Record) -> Result<(), Failure> {
    let directory = scope.directory();
    let Some(marks) = TreeMarks::read(&directory) else { return Ok(()) };
    let is_moved = marks.tree.is(record.place()) || NotedMove::read(&directory).is_some();
    if is_moved || !matches!(marks.tree.fate(), Fate::Gone | Fate::Replaced) {
        return Ok(());
    }
    let stopped = async {
        let Some(client) = Client::take_charge(&directory).await? else { return Ok(()) };
        client.shutdown().await.map(drop)
    };
    match stopped.await {
        Err(error) if !supervisor::Error::is_ending(&error) => Err(error.into()),
        _ => Ok(()),
    }
}
