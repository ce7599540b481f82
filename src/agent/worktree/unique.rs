//! Commits that exist nowhere else: not on a remote, not on another branch, not merged by content.
//!
//! A branch that was squashed or rebased into the main one has commits of its own that are not needed any more. It is
//! recognised by content, in three ways, since each misses something: merging it would change nothing;
//! each of its commits has a twin with the same patch; one commit there has the patch of all of them
//! together. What git cannot answer counts as unique.

use std::path::Path;

use super::git::{Error, ask};
use crate::system::GitError;

/// How many branches are compared by content.
const CANDIDATES: usize = 8;

/// The names under which projects keep their main line.
const MAIN_LINES: [&str; 4] = ["main", "master", "develop", "trunk"];

/// The number of commits of `revision` that exist nowhere else. `branches` do not count as elsewhere.
///
/// # Errors
/// git cannot read the repository.
pub(super) async fn unique_commits(directory: &Path, revision: &str, branches: &[&str]) -> Result<usize, Error> {
    let excluded: Vec<String> = branches.iter().map(|branch| format!("--exclude={branch}")).collect();
    let mut arguments = vec!["rev-list", "--count", revision, "--not", "--remotes", "--tags"];
    arguments.extend(excluded.iter().map(String::as_str));
    arguments.push("--branches");
    let told = ask(directory, &arguments).await?;
    let Ok(count) = told.parse::<usize>() else { return Ok(usize::MAX) };
    if count == 0 {
        return Ok(0);
    }
    for candidate in candidates(directory, branches).await {
        if contains(directory, &candidate, revision).await {
            return Ok(0);
        }
    }
    Ok(count)
}

/// Where a branch is usually merged to: what the main checkout is on, each remote's default, the main lines.
async fn candidates(directory: &Path, branches: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let format = "--format=%(refname)";
    if let Ok(main) = ask(directory, &["worktree", "list", "--porcelain"]).await {
        let head = main.lines().skip(1).take_while(|line| !line.is_empty());
        found.extend(
            head.filter_map(|line| line.strip_prefix("branch ").or_else(|| line.strip_prefix("HEAD ")))
                .map(ToOwned::to_owned)
                .last(),
        );
    }
    if let Ok(names) = ask(directory, &["for-each-ref", format, "refs/heads", "refs/remotes"]).await {
        let is_main =
            |name: &&str| name.rsplit('/').next().is_some_and(|last| last == "HEAD" || MAIN_LINES.contains(&last));
        found.extend(names.lines().filter(is_main).map(ToOwned::to_owned));
    }
    found.retain(|name| !branches.iter().any(|branch| *name == format!("refs/heads/{branch}")));
    found.dedup();
    found.truncate(CANDIDATES);
    found
}

/// Whether `candidate` has what `revision` changed.
async fn contains(directory: &Path, candidate: &str, revision: &str) -> bool {
    let Ok(base) = ask(directory, &["merge-base", candidate, revision]).await else { return false };
    // commits that cancel each other out leave no trace by which they could be found elsewhere
    if !matches!(ask(directory, &["diff", "--quiet", &base, revision]).await, Err(Error::Git(GitError::Failed { .. })))
    {
        return false;
    }
    changes_nothing(directory, candidate, revision).await
        || has_twins(directory, candidate, revision).await
        || was_squashed(directory, candidate, &base, revision).await
}

async fn changes_nothing(directory: &Path, candidate: &str, revision: &str) -> bool {
    let merged = ask(directory, &["merge-tree", "--write-tree", candidate, revision]).await;
    let present = ask(directory, &["rev-parse", &format!("{candidate}^{{tree}}")]).await;
    matches!((merged, present), (Ok(merged), Ok(present)) if merged.lines().next() == Some(present.as_str()))
}

async fn has_twins(directory: &Path, candidate: &str, revision: &str) -> bool {
    let range = format!("{candidate}...{revision}");
    ask(directory, &["rev-list", "--count", "--cherry-pick", "--right-only", &range])
        .await
        .is_ok_and(|left| left == "0")
}

/// Compares one commit of everything since `base` with those of `candidate`.
async fn was_squashed(directory: &Path, candidate: &str, base: &str, revision: &str) -> bool {
    let identity = ["-c", "user.name=harness", "-c", "user.email=harness@localhost", "-c", "commit.gpgSign=false"];
    let tree = format!("{revision}^{{tree}}");
    let make = [&identity[..], &["commit-tree", &tree, "-p", base, "-m", "squashed"]].concat();
    let Ok(squashed) = ask(directory, &make).await else { return false };
    ask(directory, &["cherry", candidate, &squashed]).await.is_ok_and(|answer| answer.starts_with("- "))
}
