//! The agent's directory in the home, and the logs of a launch of it that was undone.

use super::owner::{Found, Owner};
use crate::agent::lease::remove_directory;
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
    Ok(remove_directory(&directory).map_err(system::Error::file("remove", &directory))?)
}
