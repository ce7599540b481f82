//! The logs of a first launch that failed and was undone: `undone/<id>/logs` of the home.
//!
//! Everything else of the agent is gone, and these say why. They go with the next launch that succeeds, with `teardown`,
//! and after a week with `gc`.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{Context, Error, Record};
use crate::project::AgentId;
use crate::report::Failure;
use crate::system::{self, Home};

/// How long `gc` keeps them.
const KEPT: Duration = Duration::from_hours(7 * 24);

fn all(home: &Home) -> PathBuf {
    home.path().join("undone")
}

/// Where those of an agent are, in place of its directory in the home.
pub(super) fn directory(home: &Home, agent: AgentId) -> PathBuf {
    all(home).join(agent.to_string())
}

/// Whether there are any.
pub(super) fn has_logs(home: &Home, agent: AgentId) -> bool {
    directory(home, agent).join("logs").is_dir()
}

/// Moves the logs out of a stack's directory, in place of those of an earlier launch.
pub(super) fn keep(home: &Home, agent: AgentId, stack: &Path) -> system::Result<()> {
    let logs = stack.join("logs");
    if !logs.is_dir() {
        return Ok(());
    }
    forget(home, agent)?;
    let kept = directory(home, agent);
    system::create_private_dir(&kept, 0o700)?;
    std::fs::rename(&logs, kept.join("logs")).map_err(system::Error::file("move", &logs))
}

/// Removes them.
pub(super) fn forget(home: &Home, agent: AgentId) -> system::Result<()> {
    let directory = directory(home, agent);
    match std::fs::remove_dir_all(&directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(system::Error::file("remove", &directory)(error))
        }
        _ => Ok(()),
    }
}

/// Those that nobody has looked for in a week.
pub(super) fn outdated(home: &Home) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(all(home)).into_iter().flatten().filter_map(Result::ok);
    let is_old = |path: &PathBuf| {
        let changed = path.metadata().and_then(|metadata| metadata.modified());
        changed.is_ok_and(|changed| SystemTime::now().duration_since(changed).is_ok_and(|age| age > KEPT))
    };
    entries.map(|entry| entry.path()).filter(is_old).collect()
}

/// The record of an agent that a verb is about.
///
/// # Errors
/// It has none: it does not exist, or its launch was undone.
pub(super) fn existing(context: &Context, agent: AgentId) -> Result<Record, Failure> {
    match Record::read(&context.home, agent)? {
        Some(record) => Ok(record),
        None if has_logs(&context.home, agent) => Err(Error::Undone(agent).into()),
        None => Err(Error::Unknown(agent).into()),
    }
}
