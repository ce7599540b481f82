//! The commit that failures are compared with.

use std::path::Path;

use super::super::Error;
use super::super::repository::git;

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::verify) struct Base {
    /// How it was named: `HEAD~3`, `merge base with origin/main`.
    pub(in crate::verify) reference: String,
    /// Its object name.
    pub(in crate::verify) commit: String,
    /// That of its tree.
    pub(in crate::verify) tree: String,
}

impl Base {
    /// The commit that `reference` names in the repository of `tree`; without one, the merge base of HEAD with the
    /// default branch.
    pub(in crate::verify) async fn of(tree: &Path, reference: Option<&str>) -> Result<Self, Error> {
        let (reference, commit) = if let Some(reference) = reference {
            (reference.to_owned(), commit(tree, reference).await?)
        } else {
            let branch = default_branch(tree).await?;
            let output = git(tree).output(&["merge-base", "HEAD", &branch]).await?;
            let found = Some(output.text()).filter(|text| output.success && !text.is_empty());
            (format!("merge base with {branch}"), found)
        };
        let Some(commit) = commit else { return Err(Error::NoBase(reference)) };
        let tree = git(tree).text(&["rev-parse", "--verify", &format!("{commit}^{{tree}}")]).await?;
        Ok(Self { reference, commit, tree })
    }
}

async fn commit(tree: &Path, reference: &str) -> Result<Option<String>, Error> {
    let named = format!("{reference}^{{commit}}");
    let output = git(tree).output(&["rev-parse", "--verify", "--quiet", "--end-of-options", &named]).await?;
    Ok(output.success.then(|| output.text()))
}

/// The branch that work is merged into: what the remote says, else one of the usual names, else what the main checkout is
/// on.
async fn default_branch(tree: &Path) -> Result<String, Error> {
    let remote = git(tree).output(&["symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD"]).await?;
    if remote.success {
        return Ok(remote.text());
    }
    for name in ["origin/main", "origin/master", "main", "master", "trunk"] {
        if commit(tree, name).await?.is_some() {
            return Ok(name.to_owned());
        }
    }
    let list = git(tree).text(&["worktree", "list", "--porcelain"]).await?;
    let mut first = list.lines().take_while(|line| !line.is_empty());
    let branch = first.find_map(|line| line.strip_prefix("branch refs/heads/"));
    Ok(branch.unwrap_or("HEAD").to_owned())
}
