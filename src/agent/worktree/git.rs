//! Asking and running the user's `git` in one repository.

use std::path::{Path, PathBuf};

pub(super) use super::error::Error;
use crate::system::Git;

/// Asks git about `directory`; returns its standard output without the last line break.
pub(super) async fn ask(directory: &Path, arguments: &[&str]) -> Result<String, Error> {
    Ok(Git::asking(directory).text(arguments).await?)
}

/// Has git change the repository of `directory`.
pub(super) async fn act(directory: &Path, arguments: &[&str]) -> Result<String, Error> {
    Ok(Git::acting(directory).text(arguments).await?)
}

/// Whether a branch exists.
pub(super) async fn has_branch(directory: &Path, branch: &str) -> Result<bool, Error> {
    let reference = format!("refs/heads/{branch}");
    // a name that is also the beginning of others lists them too
    let found = ask(directory, &["for-each-ref", "--format=%(refname)", &reference]).await?;
    Ok(found.lines().any(|line| line == reference))
}

/// Where a directory is in its repository.
#[derive(Debug)]
pub(super) struct Standing {
    /// What all work trees of the repository share.
    pub(super) common: PathBuf,
    /// The top of the directory's own work tree.
    pub(super) top: PathBuf,
    /// From there to the directory; empty at the top.
    pub(super) below: PathBuf,
}

impl Standing {
    /// Asks git; `None` outside a repository.
    ///
    /// # Errors
    /// There is a repository, and git does not use it: another user owns it, it is damaged, it has no work tree.
    pub(super) async fn of(directory: &Path) -> Result<Option<Self>, Error> {
        let asked = ["rev-parse", "--path-format=absolute", "--git-common-dir", "--show-toplevel", "--show-prefix"];
        let answer = match ask(directory, &asked).await {
            Ok(answer) => answer,
            Err(Error::Git(error)) if error.is_no_repository() => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut lines = answer.lines();
        let (Some(common), Some(top)) = (lines.next(), lines.next()) else { return Ok(None) };
        let below = lines.next().unwrap_or_default();
        Ok(Some(Self { common: common.into(), top: top.into(), below: below.into() }))
    }
}

/// The first few of `names`, and whether there are more.
pub(super) fn few(names: &[String]) -> String {
    let shown: Vec<&str> = names.iter().map(String::as_str).take(3).collect();
    let more = if names.len() > 3 { ", ..." } else { "" };
    format!("{}{more}", shown.join(", "))
}
