//! What would be lost with a work tree.
//!
//! Lost is what exists nowhere else: changed and new files, also those that git is configured to ignore changes of,
//! commits that no remote and no other branch has, of the tree and of its submodules. What cannot be found
//! out counts as lost; `belongings` refuses the removal then. Ignored files are listed, but do not prevent a removal:
//! most are builds.

use std::path::{Path, PathBuf};

use super::entry::Entry;
use super::git::{Error, Standing, ask, few, has_branch};
use super::populate::PARTIAL;
use super::remove::is_checked_out;
use super::{submodules, unique};
use crate::agent::record::WorktreeRecord;
use crate::system::GitError;
use crate::system::text::count;

/// What only one work tree has.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(in crate::agent) struct Loss {
    /// Each as a phrase: `2 uncommitted files (a.rs, b.rs)`.
    pub(in crate::agent) what: Vec<String>,
    /// Ignored files and directories that the project's root does not have.
    pub(in crate::agent) ignored: Vec<String>,
}

/// Looks for what would be lost with a work tree that harness made. `rendered` are the files that harness
/// itself wrote there.
///
/// # Errors
/// git cannot be started.
pub(in crate::agent) async fn loss(
    root: &Path,
    worktree: &WorktreeRecord,
    rendered: &[PathBuf],
) -> Result<Loss, Error> {
    let mut loss = Loss::default();
    if !worktree.made {
        return Ok(loss);
    }
    let result = if worktree.path.exists() {
        match is_checked_out(worktree).await {
            Ok(true) => of_tree(root, worktree, rendered, &mut loss).await,
            other => other.map(drop),
        }
    } else {
        of_entry(root, worktree, &mut loss).await
    };
    match result {
        Err(Error::Git(error @ (GitError::Failed { .. } | GitError::TimedOut { .. }))) => {
            loss.what.push(format!("unknown work, because git cannot read it ({error})"));
            Ok(loss)
        }
        Err(error) => Err(error),
        Ok(()) => Ok(loss),
    }
}

async fn of_tree(root: &Path, worktree: &WorktreeRecord, rendered: &[PathBuf], loss: &mut Loss) -> Result<(), Error> {
    let tree = &worktree.path;
    // a folder that holds a rendered file was made for it
    let is_ours = |name: &str| name.contains(PARTIAL) || rendered.iter().any(|path| path.starts_with(tree.join(name)));
    let mut files = changed(tree).await?;
    files.extend(hidden(tree).await?);
    files.retain(|name| !is_ours(name));
    if !files.is_empty() {
        loss.what.push(format!("{} ({})", count(files.len(), "uncommitted file"), few(&files)));
    }
    let current = ask(tree, &["branch", "--show-current"]).await?;
    let mut own: Vec<&str> = worktree.branch.as_deref().into_iter().collect();
    if !current.is_empty() && !own.contains(&current.as_str()) {
        own.push(&current);
    }
    commits(tree, "HEAD", "", &own, loss).await?;
    for branch in visited(tree).await {
        let counts = worktree.branch.as_deref() == Some(&branch) || !own.contains(&branch.as_str());
        if branch != current && counts && has_branch(tree, &branch).await? {
            let excluded = [&own[..], &[branch.as_str()]].concat();
            commits(tree, &format!("refs/heads/{branch}"), &format!(" of branch `{branch}`"), &excluded, loss).await?;
        }
    }
    let standing = Standing::of(tree).await?;
    let entry = standing.as_ref().and_then(|standing| Entry::of(&standing.common, tree));
    loss.what.extend(submodules::unique_commits(tree, entry.as_ref().map(Entry::directory)).await?);
    let root_top = Standing::of(root).await?.map_or_else(|| root.to_owned(), |standing| standing.top);
    let arguments = ["ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z"];
    let ignored = ask(tree, &arguments).await?;
    let ignored = ignored.split('\0').filter(|name| !name.is_empty() && !is_ours(name));
    loss.ignored = ignored.filter(|name| !root_top.join(name).exists()).map(ToOwned::to_owned).collect();
    Ok(())
}

/// A tree that is gone leaves its entry: a detached head in it may be the last to name a commit.
async fn of_entry(root: &Path, worktree: &WorktreeRecord, loss: &mut Loss) -> Result<(), Error> {
    if !root.exists() {
        return Ok(());
    }
    let Some(standing) = Standing::of(root).await? else { return Ok(()) };
    let entry = Entry::of(&standing.common, &worktree.path);
    if let Some(head) = entry.and_then(|entry| entry.detached_head()) {
        commits(root, &head, "", &worktree.branch.as_deref().into_iter().collect::<Vec<_>>(), loss).await?;
    }
    Ok(())
}

async fn commits(tree: &Path, revision: &str, whose: &str, own: &[&str], loss: &mut Loss) -> Result<(), Error> {
    match unique::unique_commits(tree, revision, own).await? {
        0 => {}
        usize::MAX => loss.what.push(format!("commits{whose} that git cannot count")),
        unique => loss.what.push(format!("{}{whose}", count(unique, "unpushed commit"))),
    }
    Ok(())
}

/// The files that differ from the last commit, new ones included; of submodules too, even where they are configured to
/// be ignored.
pub(super) async fn changed(tree: &Path) -> Result<Vec<String>, Error> {
    let arguments = ["status", "--porcelain", "-z", "--untracked-files=all", "--ignore-submodules=none"];
    let status = ask(tree, &arguments).await?;
    let mut files = Vec::new();
    let mut entries = status.split('\0').filter(|entry| !entry.is_empty());
    while let Some(entry) = entries.next() {
        let (Some(state), Some(name)) = (entry.get(..2), entry.get(3..)) else { continue };
        if state.contains(['R', 'C']) {
            // what it was called before
            entries.next();
        }
        files.push(name.to_owned());
    }
    Ok(files)
}

/// The files with `skip-worktree` or `assume-unchanged` that differ from the index.
async fn hidden(tree: &Path) -> Result<Vec<String>, Error> {
    let flagged = ask(tree, &["ls-files", "-v", "-z"]).await?;
    let is_flagged = |entry: &&str| entry.starts_with(|flag: char| flag == 'S' || flag.is_ascii_lowercase());
    let names = flagged.split('\0').filter(is_flagged).filter_map(|entry| entry.get(2..));
    let mut files = Vec::new();
    // a sparse checkout flags what is not there
    for name in names.filter(|name| tree.join(name).symlink_metadata().is_ok()) {
        let known = ask(tree, &["rev-parse", "--verify", &format!(":{name}")]).await;
        let present = ask(tree, &["hash-object", "--", name]).await;
        if !matches!((known, present), (Ok(known), Ok(present)) if known == present) {
            files.push(name.to_owned());
        }
    }
    Ok(files)
}

/// The branches that were checked out in this tree, by its own reflog.
async fn visited(tree: &Path) -> Vec<String> {
    let Ok(log) = ask(tree, &["log", "--walk-reflogs", "--format=%gs", "HEAD", "--"]).await else { return Vec::new() };
    let moves = log.lines().filter_map(|line| line.strip_prefix("checkout: moving from ")?.split_once(" to "));
    let mut names: Vec<String> = moves.flat_map(|(from, to)| [from.to_owned(), to.to_owned()]).collect();
    names.sort_unstable();
    names.dedup();
    names
}
