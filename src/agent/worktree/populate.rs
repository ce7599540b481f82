//! What git does not bring along: files that are not in git, and directories too dear to build again.

use std::ffi::OsStr;
use std::path::Path;

use super::git::{Error, ask};
use super::work;
use crate::project::WorktreeSettings;
use crate::report::{Events, Task};

/// What is not yet copied whole ends in this, so that what has its own name is complete.
pub(super) const PARTIAL: &str = ".harness-partial";

/// Copies `copy`, the ignored files that `.worktreeinclude` names, and `clone` from the project's root to
/// `tree`, which corresponds to it. What is there already stays as it is: cut off, it is taken up again.
/// Directories are cloned copy-on-write where the file system can, else copied; never linked, since a
/// package manager that purges a linked directory purges the original. `marker` is the stack's.
pub(in crate::agent) async fn populate(
    root: &Path,
    tree: &Path,
    settings: &WorktreeSettings,
    marker: &str,
    events: &Events,
    subject: &str,
) -> Result<(), Error> {
    let task: Task = events.task(subject, format!("populate {}", tree.display()));
    let mut names: Vec<String> = settings.copy.clone();
    names.extend(included(root).await?);
    names.extend(settings.clone.clone());
    for name in names {
        let name = name.trim_end_matches('/');
        if root.join(name).exists() && !tree.join(name).exists() {
            task.detail(format!("copy {name}"));
            copy(root, tree, name, marker).await?;
        }
    }
    task.finish();
    Ok(())
}

/// The files that `.worktreeinclude` (gitignore syntax) names and git ignores, directories as a whole.
async fn included(root: &Path) -> Result<Vec<String>, Error> {
    if !root.join(".worktreeinclude").is_file() {
        return Ok(Vec::new());
    }
    let arguments = ["ls-files", "--others", "--ignored", "--directory", "-z", "--exclude-from=.worktreeinclude"];
    let named = ask(root, &arguments).await?;
    let mut wanted = Vec::new();
    for name in named.split('\0').filter(|name| !name.is_empty()) {
        if ask(root, &["check-ignore", "--quiet", name]).await.is_ok() {
            wanted.push(name.to_owned());
        }
    }
    Ok(wanted)
}

async fn copy(root: &Path, tree: &Path, name: &str, marker: &str) -> Result<(), Error> {
    let failed = |source| Error::Copy { name: name.to_owned(), tree: tree.to_owned(), source };
    let (partial, target) = (tree.join(format!("{name}{PARTIAL}")), tree.join(name));
    if let Some(parent) = target.parent() {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    remove(&partial).map_err(failed)?;
    let source = root.join(name);
    let program = ["cp", "-a", "--reflink=auto", "--"].map(OsStr::new);
    let program = [&program[..], &[source.as_os_str(), partial.as_os_str()]].concat();
    let output = work::run(&program, root, marker).await?;
    if !output.ending.is_success() {
        return Err(failed(std::io::Error::other(output.tail.join("; "))));
    }
    std::fs::rename(&partial, &target).map_err(failed)
}

/// What a copy that was cut off has left.
fn remove(partial: &Path) -> std::io::Result<()> {
    match std::fs::symlink_metadata(partial) {
        Ok(metadata) if metadata.is_dir() => std::fs::remove_dir_all(partial),
        Ok(_) => std::fs::remove_file(partial),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
