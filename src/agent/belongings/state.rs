//! The agent's directory in the home, and the logs of a launch of it that was undone.

use std::path::Path;

use super::owner::{Found, Owner};
use crate::agent::undone;
use crate::report::{Failure, Removed, RemovedKind};
use crate::system;

pub(super) fn find(owner: &Owner<'_>) -> Found {
    let directory = owner.directory();
    // the lock is that of the command that looks
    let has_more = std::fs::read_dir(&directory)
        .is_ok_and(|entries| entries.filter_map(Result::ok).any(|entry| entry.file_name() != "lock"));
    let mut own = if has_more { vec![directory] } else { Vec::new() };
    let home = &owner.context.home;
    own.extend(undone::has_logs(home, owner.agent).then(|| undone::directory(home, owner.agent)));
    Found::own(own.into_iter().map(|path| Removed::new(RemovedKind::State, path.display().to_string())).collect())
}

pub(super) fn remove(owner: &Owner<'_>) -> Result<(), Failure> {
    let directory = owner.directory();
    if owner.keeps_logs {
        undone::keep(&owner.context.home, owner.agent, &directory)?;
    } else {
        undone::forget(&owner.context.home, owner.agent)?;
    }
    if !directory.exists() {
        return Ok(());
    }
    Ok(forget(&directory).map_err(system::Error::file("remove", &directory))?)
}

/// Removes an agent's directory in one step: a command that waits for the lease goes on making its lock file in
/// what it takes for that directory, and would fail on it, or hold a lock whose file is removed.
fn forget(directory: &Path) -> std::io::Result<()> {
    let Some(name) = directory.file_name() else { return Ok(()) };
    // the name of no agent; there is one already where a teardown was killed at this very moment
    let gone = directory.with_file_name(format!(".gone-{}", name.to_string_lossy()));
    if gone.exists() {
        std::fs::remove_dir_all(&gone)?;
    }
    std::fs::rename(directory, &gone)?;
    std::fs::remove_dir_all(&gone)
}
