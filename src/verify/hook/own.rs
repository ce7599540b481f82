//! The folder of our own, and the work trees whose git looks there.

use std::path::{Path, PathBuf};

use super::super::Error;
use super::folders::{asking, pre_commit};
use super::script::{self, NAMES};
use crate::report::HookOutcome;
use crate::system::{self, Git};

/// Writes its hooks. `beside` is the folder where git looks now: hooks of unusual names are called too.
pub(super) fn write(folder: &Path, beside: &Path, program: &Path) -> Result<HookOutcome, Error> {
    let unusual = ["reference-transaction", "post-index-change"].into_iter().filter(|name| beside.join(name).exists());
    let mut outcome = HookOutcome::Unchanged;
    for name in NAMES.into_iter().chain(unusual) {
        let (path, text) = (folder.join(name), script::chained(name, program));
        let present = system::read_optional(&path)?;
        if present.as_deref() == Some(text.as_bytes()) {
            continue;
        }
        if name == "pre-commit" {
            outcome = if present.is_some() { HookOutcome::Updated } else { HookOutcome::Installed };
        }
        std::fs::create_dir_all(folder).map_err(system::Error::file("create", folder))?;
        system::write_atomic(&path, text.as_bytes(), 0o755)?;
    }
    Ok(outcome)
}

/// Whether it is there.
pub(super) fn exists(folder: &Path) -> bool {
    pre_commit(folder).is_file()
}

/// Removes it.
pub(super) fn remove(folder: &Path) -> Result<bool, Error> {
    if !exists(folder) {
        return Ok(false);
    }
    std::fs::remove_dir_all(folder).map_err(system::Error::file("remove", folder))?;
    Ok(true)
}

/// Points git to `folder` in `tree` alone. Says whether it was not so before.
pub(super) async fn enter(tree: &Path, folder: &Path) -> Result<bool, Error> {
    let git = asking(tree);
    let present = git.output(&["config", "--get", "core.hooksPath"]).await?.text();
    if Path::new(&present) == folder {
        return Ok(false);
    }
    own_configuration(&git).await?;
    let own = git.output(&["config", "--worktree", "--get", "core.hooksPath"]).await?.text();
    if !own.is_empty() {
        // the tree has a setting of its own: the hooks there are called too, and a removal brings it back
        git.text(&["config", "--worktree", "harness.hooksPath", &own]).await?;
    }
    git.text(&["config", "--worktree", "core.hooksPath", &folder.to_string_lossy()]).await?;
    Ok(true)
}

/// Undoes [`enter`], if it was done.
pub(super) async fn leave(tree: &Path, folder: &Path) -> Result<(), Error> {
    let git = asking(tree);
    let present = git.output(&["config", "--get", "core.hooksPath"]).await?.text();
    if Path::new(&present) != folder {
        return Ok(());
    }
    let own = git.output(&["config", "--worktree", "--get", "harness.hooksPath"]).await?.text();
    if own.is_empty() {
        git.text(&["config", "--worktree", "--unset", "core.hooksPath"]).await?;
    } else {
        git.text(&["config", "--worktree", "core.hooksPath", &own]).await?;
        git.text(&["config", "--worktree", "--unset", "harness.hooksPath"]).await?;
    }
    Ok(())
}

/// Lets each work tree have settings of its own, as `git sparse-checkout` does: what concerns the main one alone must not
/// stay where all read it.
async fn own_configuration(git: &Git) -> Result<(), Error> {
    if git.output(&["config", "--type=bool", "--get", "extensions.worktreeConfig"]).await?.text() == "true" {
        return Ok(());
    }
    let arguments = ["rev-parse", "--path-format=absolute", "--git-common-dir"];
    let common = PathBuf::from(git.text(&arguments).await?);
    let [shared, main] = ["config", "config.worktree"].map(|name| common.join(name).display().to_string());
    for name in ["core.bare", "core.worktree"] {
        let value = git.output(&["config", "--file", &shared, "--get", name]).await?;
        if value.success && value.text() != "false" {
            git.text(&["config", "--file", &main, name, &value.text()]).await?;
            git.text(&["config", "--file", &shared, "--unset", name]).await?;
        }
    }
    git.text(&["config", "--file", &shared, "extensions.worktreeConfig", "true"]).await?;
    Ok(())
}
