//! Choosing and making a work tree.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, Instant};

use super::entry::Entry;
use super::git::{Error, Standing, ask, has_branch};
use super::origin::Origin;
use super::remove::checked_out_at;
use super::unique::unique_commits;
use super::work::Work;
use crate::agent::record::WorktreeRecord;
use crate::project::{Template, WorktreeSettings};
use crate::system::text::count;
use crate::system::{Git, GitError, HALF_MADE, HALF_MADE_PAUSE, is_half_made};

/// What a launch asks for.
#[derive(Debug)]
pub(in crate::agent) struct Wish<'a> {
    /// The project's root.
    pub(in crate::agent) root: &'a Path,
    /// Where the work tree is to be, [`resolved`].
    pub(in crate::agent) path: PathBuf,
    /// Its branch, and whether the user named it.
    pub(in crate::agent) branch: String,
    /// Whether `--branch` named it.
    pub(in crate::agent) named: bool,
}

/// The work tree that is chosen for a request.
#[derive(Debug)]
pub(in crate::agent) struct Choice {
    /// What is to be written down, before anything is made.
    pub(in crate::agent) worktree: WorktreeRecord,
    /// The directory in it that corresponds to the project's root, which need not be the repository's.
    pub(in crate::agent) tree: PathBuf,
}

/// The settings of `--worktree` in a project without a `[worktree]` table.
pub(in crate::agent) fn default_settings() -> WorktreeSettings {
    WorktreeSettings {
        path: Template("~/worktrees/{{ project }}-agent-{{ id }}".to_owned()),
        branch: Template("agent/{{ id }}".to_owned()),
        copy: Vec::new(),
        clone: Vec::new(),
        spare: 0,
    }
}

/// A path as the kernel shows it to a process that runs there: without `..`, and without symbolic links as far as
/// it exists.
pub(in crate::agent) fn resolved(path: &Path) -> PathBuf {
    let mut resolved = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                resolved.pop();
            }
            Component::CurDir => {}
            other => {
                resolved.push(other);
                resolved = resolved.canonicalize().unwrap_or(resolved);
            }
        }
    }
    resolved
}

/// Looks at what is there: a work tree of the repository is adopted, where nothing is one is to be made.
/// Changes nothing.
///
/// # Errors
/// No repository, or one without a commit; something else is at the path; the branch is in use, holds work
/// or has a name that git refuses.
pub(in crate::agent) async fn choose(wish: &Wish<'_>) -> Result<Choice, Error> {
    let Some(root) = Standing::of(wish.root).await? else {
        return Err(Error::NoRepository(wish.root.to_owned()));
    };
    let path = wish.path.clone();
    let tree = path.components().chain(root.below.components()).collect();
    if path.exists() {
        let there = if path.is_dir() { Standing::of(&path).await? } else { None };
        // a plain directory in a checkout is of the same repository, and no work tree
        if !there.is_some_and(|it| it.common == root.common && it.top == path && it.top != root.top) {
            return Err(Error::Occupied(path));
        }
        return Ok(Choice {
            worktree: WorktreeRecord { path, branch: None, made: false, populated: true, copied: None },
            tree,
        });
    }
    if Entry::of(&root.common, &path).is_some() {
        return Err(Error::Away(path));
    }
    if ask(wish.root, &["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]).await.is_err() {
        return Err(Error::NoCommit(wish.root.to_owned()));
    }
    if ask(wish.root, &["check-ref-format", "--branch", &wish.branch]).await.is_err() {
        return Err(Error::BranchName(wish.branch.clone()));
    }
    let branch = branch_is_free(wish).await?.then(|| wish.branch.clone());
    Ok(Choice { worktree: WorktreeRecord { path, branch, made: true, populated: false, copied: None }, tree })
}

/// Makes a work tree that was chosen to be made: git's part of it.
///
/// git runs the user's `post-checkout` hook as the last step of `git worktree add`, and takes the hook's
/// failure for its own. The hook is therefore run apart, after the files are there, for at most `patience`:
/// one that fails or hangs is a warning, since the tree is complete.
///
/// # Errors
/// git fails.
pub(in crate::agent) async fn make(
    wish: &Wish<'_>,
    chosen: &WorktreeRecord,
    origin: &Origin,
    patience: Duration,
    work: &Work<'_>,
) -> Result<(), Error> {
    let task = work.events.task(work.subject, format!("make work tree {}", chosen.path.display()));
    let path = chosen.path.to_string_lossy();
    let mut add = vec!["git", "worktree", "add", "--quiet", "--no-checkout"];
    match &chosen.branch {
        Some(branch) => add.extend(["-B", branch, &path, "HEAD"]),
        None => add.extend([&path, wish.branch.as_str()]),
    }
    succeed(&add, wish.root, work).await?;
    if let Some(standing) = Standing::of(wish.root).await? {
        origin.write(&standing.common, &chosen.path)?;
    }
    check_out(&chosen.path, "HEAD", work).await?;
    task.finish();
    post_checkout(&chosen.path, patience, work).await
}

/// Makes a work tree that is on no branch.
///
/// # Errors
/// git fails.
pub(super) async fn make_detached(root: &Path, path: &Path, patience: Duration, work: &Work<'_>) -> Result<(), Error> {
    let name = path.to_string_lossy();
    let add = ["git", "worktree", "add", "--quiet", "--no-checkout", "--detach", &name, "HEAD"];
    succeed(&add, root, work).await?;
    check_out(path, "HEAD", work).await?;
    post_checkout(path, patience, work).await
}

/// Gives a tree the files of a commit.
pub(super) async fn check_out(tree: &Path, commit: &str, work: &Work<'_>) -> Result<(), Error> {
    succeed(&["git", "reset", "--hard", "--quiet", "--no-recurse-submodules", commit], tree, work).await
}

/// Has git change the repository of `directory`, as a part of the stack.
pub(super) async fn succeed(command: &[&str], directory: &Path, work: &Work<'_>) -> Result<(), Error> {
    let program: Vec<&OsStr> = command.iter().map(OsStr::new).collect();
    let began = Instant::now();
    let output = loop {
        let output = work.run(&program, directory, None).await?;
        if output.ending.is_success() {
            return Ok(());
        }
        // launches beside each other make work trees of one repository
        if !output.tail.iter().any(|line| is_half_made(line)) || began.elapsed() > HALF_MADE {
            break output;
        }
        tokio::time::sleep(HALF_MADE_PAUSE).await;
    };
    let (command, directory) = (command[1..].join(" "), directory.to_owned());
    Err(GitError::Failed { command, directory, output: output.tail }.into())
}

/// Runs the hook as git does after a checkout of a whole new tree.
pub(super) async fn post_checkout(tree: &Path, patience: Duration, work: &Work<'_>) -> Result<(), Error> {
    let hook = Git::asking_as_configured(tree).text(&["rev-parse", "--git-path", "hooks/post-checkout"]).await?;
    let hook = tree.join(hook);
    let is_executable = hook.metadata().is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0);
    if !is_executable {
        return Ok(());
    }
    let head = ask(tree, &["rev-parse", "HEAD"]).await?;
    let none = "0".repeat(head.len());
    let task = work.events.task(work.subject, "run the post-checkout hook");
    let program = [hook.as_os_str(), OsStr::new(&none), OsStr::new(&head), OsStr::new("1")];
    let problem = match work.run(&program, tree, Some(patience)).await {
        Ok(output) if output.ending.is_success() => {
            task.finish();
            return Ok(());
        }
        Ok(output) => {
            let last = output.tail.last().map_or_else(String::new, |line| format!(": {line}"));
            format!("{}{last}", output.ending)
        }
        Err(error) => error.to_string(),
    };
    let text =
        format!("the post-checkout hook `{}` failed, and the work tree is used as it is: {problem}", hook.display());
    work.events.warning(work.subject, text);
    Ok(())
}

/// Whether the branch is to be made (or is a stale one without work of its own); false when the user
/// named one that exists.
async fn branch_is_free(wish: &Wish<'_>) -> Result<bool, Error> {
    if !has_branch(wish.root, &wish.branch).await? {
        return Ok(true);
    }
    let reference = format!("refs/heads/{}", wish.branch);
    if let Some(path) = checked_out_at(wish.root, &reference).await? {
        return Err(Error::BranchInUse { branch: wish.branch.clone(), path });
    }
    if wish.named {
        return Ok(false);
    }
    match unique_commits(wish.root, &reference, &[&wish.branch]).await? {
        0 => Ok(true),
        commits => Err(Error::BranchHasWork { branch: wish.branch.clone(), commits: count(commits, "commit") }),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::resolved;

    #[test]
    fn a_path_is_resolved_as_far_as_it_exists() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("real/repository")).unwrap();
        symlink(root.join("real"), root.join("link")).unwrap();
        let of = |path: &str| resolved(&root.join(path)).strip_prefix(&root).unwrap().display().to_string();
        assert_eq!(of("real/repository/../trees/agent-3"), "real/trees/agent-3");
        assert_eq!(of("link/trees/./agent-3"), "real/trees/agent-3");
        assert_eq!(of("link/repository/../../none/../trees"), "trees");
    }
}
