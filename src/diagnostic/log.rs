//! Finds the first diagnostic in the log of a failed command, on a thread of its own: a caller that gives up stops it.

use std::path::{Path, PathBuf};

use regex::Regex;

use super::command::Command;
use super::failing::Failing;
use super::scan::{Diagnosis, Stop, every_error, first_error};
use super::tree::SourceTree;

/// A command whose log is read.
#[derive(Debug, Clone)]
pub struct Logged<'a> {
    /// Its command line.
    pub line: &'a str,
    /// The tree that its paths are shown from.
    pub tree: &'a Path,
    /// Where it ran, from the tree's root; empty for the root.
    pub working_dir: &'a Path,
    /// The project's own pattern, with groups `file`, `line` and `message`.
    pub error_pattern: Option<&'a Regex>,
}

/// The first diagnostic in `log`; where none is recognised, its last meaningful lines; `None` when the command printed
/// nothing itself, or the log cannot be read. Dropped, the reading stops by itself.
pub async fn diagnose(log: &Path, command: &Logged<'_>) -> Option<Diagnosis> {
    reading(log, command, |log, command, tree, stop| first_error(log, command, tree, stop).ok().flatten())
        .await
        .flatten()
}

/// Every diagnostic in `log` that names a place, in its order, each once.
pub async fn diagnose_all(log: &Path, command: &Logged<'_>) -> Vec<Failing> {
    let all =
        |log: &Path, command: Command<'_>, tree: &SourceTree, stop: &Stop| every_error(log, command, tree, stop).ok();
    reading(log, command, all).await.flatten().unwrap_or_default()
}

/// Reads on a thread of its own.
async fn reading<T: Send + 'static>(
    log: &Path,
    command: &Logged<'_>,
    read: impl FnOnce(&Path, Command<'_>, &SourceTree, &Stop) -> T + Send + 'static,
) -> Option<T> {
    let (line, tree, log): (String, PathBuf, PathBuf) = (command.line.into(), command.tree.into(), log.into());
    let working_dir = command.working_dir.to_string_lossy().trim_start_matches("./").to_owned();
    let pattern = command.error_pattern.cloned();
    let reading = StopOnDrop(Stop::default());
    let stop = reading.0.clone();
    let (answer, answered) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let command = Command { line: &line, working_dir: &working_dir, error_pattern: pattern.as_ref() };
        let found = read(&log, command, &SourceTree::new(&tree), &stop);
        // the receiver may be gone
        let _ = answer.send(found);
    });
    answered.await.ok()
}

/// Stops a scan that is not waited for any more.
struct StopOnDrop(Stop);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.now();
    }
}
