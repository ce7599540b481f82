//! Processes that were started in an agent's tree by hand: by `exec` and `shell`, or by people who work there.
//!
//! They are no part of the stack, and the tree and the database that they use are about to go. A process
//! is ended if it belongs to the agent and no person uses it; every other one is named and left alone:
//!
//! - `exec` and `shell` mark what they start. What carries the mark is ended, unless it is in the foreground of
//!   a terminal: a person uses it, and sees a prompt in a directory that is gone.
//! - What only has its working directory in the agent's own work tree may be an editor, or the coding
//!   agent itself. It is ended only if its parent is gone (init has adopted it, or its ancestor that stands
//!   there too) and it is in no terminal's foreground: this is what a forgotten background job looks like.
//! - Never ended: this command and its ancestors, other users' processes, and those whose working
//!   directory is a project's root.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;

use super::owner::Owner;
use crate::agent::exec_marker;
use crate::report::{Removed, RemovedKind};
use crate::system::proc::{Stat, command_line, processes, variables_of};
use crate::system::{self, ProcessIdentity};

/// How long they may take after SIGTERM.
const GRACE: Duration = Duration::from_secs(3);

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Started {
    /// To be ended.
    pub(super) ended: Vec<ProcessIdentity>,
    /// To be named.
    pub(super) named: Vec<ProcessIdentity>,
}

/// Looks for them, in one pass over all processes.
pub(super) fn find(owner: &Owner<'_>) -> Started {
    let table = processes();
    let stat_of = |pid: u32| table.iter().find(|stat| stat.pid == pid);
    let mut own_line = vec![std::process::id()];
    while let Some(parent) = own_line.last().and_then(|pid| stat_of(*pid)).map(|stat| stat.parent).filter(|it| *it > 0)
    {
        own_line.push(parent);
    }
    let marker = exec_marker(owner.context, owner.agent);
    let stack = system::marker_value(owner.context.home.id(), &owner.agent.stack().to_string());
    let tree = own_tree(owner);
    let stands = |stat: &Stat| tree.as_deref().is_some_and(|tree| stands_in(stat.pid, tree));
    let mut found = Started::default();
    for stat in table.iter().filter(|stat| stat.is_alive() && !own_line.contains(&stat.pid)) {
        let [mark] = variables_of(stat.pid, [system::MARKER]).unwrap_or_default();
        let (is_marked, is_of_stack) = (mark.as_deref() == Some(&marker), mark.as_deref() == Some(&stack));
        if is_of_stack || !(is_marked || stands(stat)) {
            continue;
        }
        let in_foreground = stat.foreground == Some(stat.group);
        // its oldest ancestor that runs there too
        let mut root = stat;
        while let Some(parent) = stat_of(root.parent).filter(|parent| parent.pid > 1 && stands(parent)) {
            root = parent;
        }
        let is_forgotten = root.parent <= 1 && is_own(stat.pid);
        if !in_foreground && (is_marked || is_forgotten) {
            found.ended.push(stat.identity());
        } else {
            found.named.push(stat.identity());
        }
    }
    found
}

/// The work tree that is the agent's alone.
fn own_tree(owner: &Owner<'_>) -> Option<PathBuf> {
    let tree = owner.record?.worktree.as_ref().filter(|tree| tree.made)?;
    tree.path.canonicalize().ok()
}

fn stands_in(pid: u32, tree: &Path) -> bool {
    std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|directory| directory.starts_with(tree))
}

fn is_own(pid: u32) -> bool {
    std::fs::metadata(format!("/proc/{pid}")).is_ok_and(|it| it.uid() == system::effective_uid())
}

/// A process as a report names it.
pub(super) fn described(process: &ProcessIdentity) -> Removed {
    Removed::with(RemovedKind::Process, format!("pid {}", process.pid), command_line(process.pid).unwrap_or_default())
}

/// Ends them; returns those that outlive it.
pub(super) async fn end(started: &[ProcessIdentity]) -> Vec<ProcessIdentity> {
    for (signal, grace) in [(Signal::TERM, GRACE), (Signal::KILL, Duration::from_secs(1))] {
        for process in started {
            process.signal(signal);
        }
        let gone = async {
            while started.iter().any(ProcessIdentity::is_alive) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        if tokio::time::timeout(grace, gone).await.is_ok() {
            return Vec::new();
        }
    }
    started.iter().filter(|process| process.is_alive()).cloned().collect()
}
