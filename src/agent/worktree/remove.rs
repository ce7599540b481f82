//! Removing a work tree, after a look at what would be lost.

use std::path::Path;

use super::git::{Error, Standing, act, ask, unique_commits};
use super::populate::PARTIAL;
use crate::agent::record::WorktreeRecord;
use crate::report::Removed;
use crate::system::text::count;
use crate::system::{self, GitError};

/// What only this work tree has.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(in crate::agent) struct Loss {
    /// Each as a phrase: `2 uncommitted files (a.rs, b.rs)`.
    pub(in crate::agent) what: Vec<String>,
}

/// Looks for uncommitted files and for commits that neither a remote nor another branch has.
pub(in crate::agent) async fn loss(worktree: &WorktreeRecord) -> Result<Loss, Error> {
    let mut loss = Loss::default();
    if !worktree.made || !worktree.path.exists() || !is_checked_out(worktree).await? {
        return Ok(loss);
    }
    let path = &worktree.path;
    let changed = ask(path, &["status", "--porcelain", "--untracked-files=all"]).await?;
    let files = changed.lines().filter_map(|line| line.get(3..));
    // copies of what the project's root has
    let files: Vec<&str> = files.filter(|name| !name.contains(PARTIAL)).collect();
    if !files.is_empty() {
        let named: Vec<&str> = files.iter().copied().take(3).collect();
        let more = if files.len() > 3 { ", ..." } else { "" };
        loss.what.push(format!("{} ({}{more})", count(files.len(), "uncommitted file"), named.join(", ")));
    }
    let branch = ask(path, &["branch", "--show-current"]).await?;
    let commits =
        unique_commits(path, "HEAD", Some(&branch).filter(|name| !name.is_empty()).map(String::as_str)).await?;
    if commits > 0 {
        loss.what.push(count(commits, "unpushed commit"));
    }
    Ok(loss)
}

/// Whether git has ended its part of the work tree; until then nobody can have worked in it. git writes
/// the index last.
pub(in crate::agent) async fn is_checked_out(worktree: &WorktreeRecord) -> Result<bool, Error> {
    if worktree.populated {
        return Ok(true);
    }
    let path = &worktree.path;
    if !path.join(".git").is_file() {
        return Ok(false);
    }
    match ask(path, &["rev-parse", "--path-format=absolute", "--git-path", "index"]).await {
        Ok(index) => Ok(Path::new(&index).exists()),
        Err(Error::Git(GitError::Failed { .. })) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Takes off the lock that git keeps on a work tree until it has ended, should it have been killed just then.
pub(in crate::agent) async fn unlock(root: &Path, worktree: &WorktreeRecord) {
    // a failure means that there is none
    let _ = act(root, &["worktree", "unlock", &worktree.path.to_string_lossy()]).await;
}

/// Removes what git has left of a work tree whose making was cut off, and its entry.
///
/// # Errors
/// Something else is at its path.
pub(in crate::agent) async fn discard(root: &Path, worktree: &WorktreeRecord) -> Result<(), Error> {
    let path = worktree.path.to_string_lossy();
    // twice: git locks what it has not ended
    if act(root, &["worktree", "remove", "--force", "--force", &path]).await.is_ok() {
        return Ok(());
    }
    // killed while it wrote its entry, git stumbles over that with every command
    if let Some(standing) = Standing::of(root).await? {
        take_apart(&standing.common.join("worktrees"), &worktree.path)?;
    }
    act(root, &["worktree", "prune"]).await?;
    if worktree.path.exists() { Err(Error::Occupied(worktree.path.clone())) } else { Ok(()) }
}

/// Removes a work tree and its entry among `entries` without git's help, if each names the other or has
/// not come to naming anything.
fn take_apart(entries: &Path, tree: &Path) -> Result<(), Error> {
    let link = tree.join(".git");
    let told = |file: &Path| std::fs::read_to_string(file).ok().map(|text| text.trim_end().to_owned());
    for entry in std::fs::read_dir(entries).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path()) {
        if told(&entry.join("gitdir")).is_some_and(|named| Path::new(&named) == link) {
            std::fs::remove_dir_all(&entry).map_err(system::Error::file("remove", &entry))?;
        }
    }
    match told(&link) {
        Some(named) if named.strip_prefix("gitdir: ").is_some_and(|named| Path::new(named).starts_with(entries)) => {
            std::fs::remove_dir_all(tree).map_err(system::Error::file("remove", tree))?;
        }
        Some(named) if named.is_empty() => system::remove_if_exists(&link).map(drop)?,
        _ => {}
    }
    // whatever else is in it stays
    let _ = std::fs::remove_dir(tree);
    Ok(())
}

/// Removes a work tree that harness made, and the branch that it made for it.
///
/// # Errors
/// [`Error::WouldLose`] without `force` when there is work in it that nobody else has.
pub(in crate::agent) async fn remove(
    root: &Path,
    worktree: &WorktreeRecord,
    force: bool,
) -> Result<Vec<Removed>, Error> {
    let mut removed = Vec::new();
    if !worktree.made {
        return Ok(removed);
    }
    let loss = loss(worktree).await?;
    if !loss.what.is_empty() && !force {
        return Err(Error::WouldLose { path: worktree.path.clone(), lost: loss.what });
    }
    if !root.exists() {
        // the repository itself is gone: its work tree is a plain directory now
        return Ok(removed);
    }
    if !is_checked_out(worktree).await? {
        if worktree.path.exists() {
            removed.push(Removed::new("worktree", worktree.path.display().to_string()));
        }
        discard(root, worktree).await?;
    } else if worktree.path.exists() {
        if !worktree.populated {
            unlock(root, worktree).await;
        }
        // --force: ignored files (a build, a rendered env file) are no reason to stay
        act(root, &["worktree", "remove", "--force", &worktree.path.to_string_lossy()]).await?;
        removed.push(Removed::new("worktree", worktree.path.display().to_string()));
    } else {
        act(root, &["worktree", "prune"]).await?;
    }
    if let Some(branch) = &worktree.branch {
        let reference = format!("refs/heads/{branch}");
        let exists = ask(root, &["show-ref", "--verify", "--quiet", &reference]).await.is_ok();
        if exists && (force || unique_commits(root, &reference, Some(branch)).await? == 0) {
            act(root, &["branch", "-D", "--", branch]).await?;
            removed.push(Removed::new("branch", branch));
        }
    }
    Ok(removed)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::take_apart;

    #[test]
    fn only_a_tree_and_an_entry_that_name_each_other_go() {
        let directory = tempfile::tempdir().unwrap();
        let at = |path: &str| directory.path().join(path);
        let put = |path: &str, text: String| {
            fs::create_dir_all(at(path).parent().unwrap()).unwrap();
            fs::write(at(path), text).unwrap();
        };
        for (tree, link) in [("ours", "common/worktrees/3"), ("other", "elsewhere/worktrees/3"), ("begun", "")] {
            let text = if link.is_empty() { String::new() } else { format!("gitdir: {}\n", at(link).display()) };
            put(&format!("{tree}/.git"), text);
        }
        put("ours/half", String::new());
        put("other/work", String::new());
        fs::create_dir(at("plain")).unwrap();
        put("plain/work", String::new());
        for (entry, tree) in [("3", "ours"), ("4", "another")] {
            put(&format!("common/worktrees/{entry}/gitdir"), format!("{}/.git\n", at(tree).display()));
        }
        for tree in ["ours", "other", "begun", "plain", "nowhere"] {
            take_apart(&at("common/worktrees"), &at(tree)).unwrap();
        }
        assert!(!at("ours").exists() && !at("begun").exists() && !at("common/worktrees/3").exists());
        assert!(at("other/work").exists() && at("plain/work").exists() && at("common/worktrees/4").exists());
    }
}
