//! Merges without a tree: git writes objects alone.

use std::path::Path;

use super::input::{git, named};
use crate::report::Failure;

/// What two commits become together.
pub(super) enum Merged {
    /// A commit.
    Clean(String),
    /// The paths that conflict.
    Conflict(Vec<String>),
}

/// Merges one commit into another one.
///
/// # Errors
/// git failed in another way than by a conflict.
pub(super) async fn merge(root: &Path, into: &str, commit: &str) -> Result<Merged, Failure> {
    let git = git(root);
    let arguments = ["merge-tree", "--write-tree", "--name-only", "--no-messages", into, commit];
    let output = git.output(&arguments).await?;
    let text = output.text();
    let mut lines = text.lines();
    let tree = lines.next().unwrap_or_default().to_owned();
    let paths: Vec<String> = lines.map(str::to_owned).filter(|line| !line.is_empty()).collect();
    if !output.success && (tree.is_empty() || paths.is_empty()) {
        git.check(&arguments, output)?;
        return Ok(Merged::Conflict(paths));
    }
    if !output.success {
        return Ok(Merged::Conflict(paths));
    }
    let made = ["commit-tree", &tree, "-p", into, "-p", commit, "-m", "Rehearsal"];
    Ok(Merged::Clean(named(git).text(&made).await?))
}
