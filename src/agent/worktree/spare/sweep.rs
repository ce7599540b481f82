//! Spares that go: those that were cut off half made or half handed out, and those that are not wanted any more.

use std::path::{Path, PathBuf};

use super::super::entry::Entry;
use super::super::error::Error;
use super::super::git::Standing;
use super::super::remove::{remove_tree, repair};
use super::changes::local_changes;
use super::record::{SpareTree, Stage, all, marker};
use crate::agent::prepared_files;
use crate::agent::record::WorktreeRecord;
use crate::render;
use crate::system::proc::{StopPatience, processes_with_marker, stop_processes};
use crate::system::{self, Home, with_causes};

/// What became of a spare that is to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::agent) enum Swept {
    /// It is gone, or would be.
    Removed {
        /// Its tree.
        path: PathBuf,
        /// Whether it was complete.
        complete: bool,
    },
    /// It stays.
    Kept {
        /// Its tree.
        path: PathBuf,
        /// Why.
        why: String,
    },
}

/// Removes the spares that `is_wanted` does not want, and those that were cut off; none that a command works on. One in
/// which somebody has worked stays, unless `force`.
pub(in crate::agent) async fn sweep(
    home: &Home,
    (dry_run, force): (bool, bool),
    is_wanted: impl Fn(&SpareTree) -> bool,
) -> Vec<Swept> {
    let mut swept = Vec::new();
    for spare in all(home) {
        let Ok(Some(_lock)) = spare.lock(home) else { continue };
        let Some(spare) = spare.again(home) else { continue };
        if spare.is_ready() && is_wanted(&spare) {
            continue;
        }
        let path = spare.path.clone();
        match remove(home, &spare, dry_run, force).await {
            Ok(None) => swept.push(Swept::Removed { path, complete: spare.is_ready() }),
            Ok(Some(why)) => swept.push(Swept::Kept { path, why }),
            Err(error) => swept.push(Swept::Kept { path, why: with_causes(&error) }),
        }
    }
    swept
}

/// Ends what killed launches have begun to hand out of the spares of a project.
pub(in crate::agent) async fn recover(home: &Home, root: &Path) {
    for spare in all(home).into_iter().filter(|spare| spare.project_root == root) {
        let Ok(Some(_lock)) = spare.lock(home) else { continue };
        if let Some(spare @ SpareTree { stage: Stage::Taken(_), .. }) = spare.again(home) {
            // what cannot be removed now is met again by the next command
            let _ = remove(home, &spare, false, false).await;
        }
    }
}

/// Removes one whose lock is held. Says why not, where somebody has worked there.
pub(super) async fn remove(
    home: &Home,
    spare: &SpareTree,
    dry_run: bool,
    force: bool,
) -> Result<Option<String>, Error> {
    if let Stage::Ready(contents) = &spare.stage
        && !force
        && spare.path.exists()
        && let Some(why) = local_changes(spare, contents).await
    {
        return Ok(Some(why));
    }
    if dry_run {
        return Ok(None);
    }
    let marker = marker(home, &spare.name);
    let ended = move || stop_processes(StopPatience::NONE, || processes_with_marker(&marker));
    let _ = tokio::task::spawn_blocking(ended).await;
    let root = &spare.project_root;
    match &spare.stage {
        // moved, and cut off before git had noted that
        Stage::Taken(to) if !spare.path.exists() && to.exists() => repair(root, to).await,
        stage => {
            let populated = !matches!(stage, Stage::Making);
            let worktree =
                WorktreeRecord { path: spare.path.clone(), branch: None, made: true, populated, copied: None };
            remove_tree(home, root, &worktree).await?;
            forget_entry(root, &spare.path).await?;
        }
    }
    readmit(spare);
    for file in prepared_files::of_tree(home, &spare.tree) {
        system::remove_if_exists(&file)?;
    }
    spare.forget(home)?;
    Ok(None)
}

/// Takes out the line that kept a spare in the project's root out of git.
pub(super) fn readmit(spare: &SpareTree) {
    let root = &spare.project_root;
    if let Ok(below) = spare.path.strip_prefix(root)
        && root.is_dir()
    {
        // a line that stays keeps nothing from working
        let _ = render::readmit_to_git(root, &[below.to_owned()]);
    }
}

/// The entry of a tree that was deleted by somebody else.
async fn forget_entry(root: &Path, path: &Path) -> Result<(), Error> {
    if !root.exists() {
        return Ok(());
    }
    let Some(standing) = Standing::of(root).await? else { return Ok(()) };
    Entry::of(&standing.common, path).map_or(Ok(()), Entry::remove)
}
