//! By whom a work tree was made: a note in its entry, which only git and harness write to.
//!
//! The agent's record says it as well. The note is for the day on which that record cannot be read: a work tree that
//! merely lies where harness would make one may be somebody's own.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::entry::Entry;
use crate::agent::record::WorktreeRecord;
use crate::project::AgentId;
use crate::system::{self, Git};

/// The note, beside what git keeps of a work tree.
const NAME: &str = "harness-origin.json";

/// For whom a work tree was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::agent) struct Origin {
    /// The home.
    pub(in crate::agent) home: String,
    /// The agent.
    pub(in crate::agent) agent: AgentId,
    /// Its project.
    pub(in crate::agent) project: String,
    /// The project's root.
    pub(in crate::agent) project_root: PathBuf,
    /// The directory in the work tree that corresponds to it.
    pub(in crate::agent) tree: PathBuf,
    /// The branch that was made with it.
    pub(in crate::agent) branch: Option<String>,
}

impl Origin {
    /// Writes the note into the entry of a work tree that was just made.
    pub(super) fn write(&self, common: &Path, tree: &Path) -> system::Result<()> {
        let Some(entry) = Entry::of(common, tree) else { return Ok(()) };
        let text = serde_json::to_vec(self).unwrap_or_default();
        system::write_atomic(&entry.directory().join(NAME), &text, 0o600)
    }
}

/// The work trees of `directory`'s repository that were made for an agent of this home.
pub(in crate::agent) fn made_for(directory: &Path, home: &str, agent: AgentId) -> Vec<(Origin, WorktreeRecord)> {
    let asked = ["rev-parse", "--path-format=absolute", "--git-common-dir"];
    let Ok(answer) = Git::asking(directory).output_blocking(&asked) else { return Vec::new() };
    let common = PathBuf::from(answer.text().trim());
    let entries = std::fs::read_dir(common.join("worktrees")).into_iter().flatten().filter_map(Result::ok);
    entries.filter_map(|entry| of_entry(&entry.path(), home, agent)).collect()
}

fn of_entry(entry: &Path, home: &str, agent: AgentId) -> Option<(Origin, WorktreeRecord)> {
    let origin: Origin = serde_json::from_slice(&std::fs::read(entry.join(NAME)).ok()?).ok()?;
    if origin.home != home || origin.agent != agent {
        return None;
    }
    let link = std::fs::read_to_string(entry.join("gitdir")).ok()?;
    let path = entry.join(link.trim()).parent()?.to_owned();
    // git writes the index last
    let populated = entry.join("index").exists();
    let worktree = WorktreeRecord { path, branch: origin.branch.clone(), made: true, populated, copied: None };
    Some((origin, worktree))
}
