//! `--affected`: commands whose inputs are those of their last pass.
//!
//! What a command with `inputs` depends on is one digest: of these files (bytes, executable or not, link or not), its line,
//! its directory and the variables that it gets. A pass is recorded with that digest if it was the same before and after
//! the command. `--affected` skips a command whose digest is recorded; every other verify runs it and records the result.
//! Databases and services are not part of the digest: with `inputs` a project says that the files decide.
//!
//! Invariants: a command that failed is never skipped before it has passed again; inputs that cannot be read, and
//! patterns that match nothing, have the command run.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Error;
use super::command::Surroundings;
use super::plan::{PlannedCheck, PlannedCommand};
use super::runs;
use crate::project::inputs::{self, InputsError};
use crate::system::{self, Versioned, read_versioned, write_fleeting};

/// Variables that differ between two terminals of one user, and mean nothing to a check.
const PASSING: [&str; 9] = [
    runs::VARIABLE,
    "SSH_AUTH_SOCK",
    "TERM",
    "XDG_RUNTIME_DIR",
    "XDG_SEAT",
    "XDG_SESSION_CLASS",
    "XDG_SESSION_ID",
    "XDG_SESSION_TYPE",
    "XDG_VTNR",
];

/// The last pass of each command that has inputs.
pub(super) struct Passes {
    path: PathBuf,
    record: Record,
    changed: bool,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Record {
    /// The digest, by `stage/command`.
    passes: BTreeMap<String, String>,
}

impl Versioned for Record {
    const WHAT: &'static str = "record of passes";
    const VERSION: u32 = 1;
}

impl Passes {
    /// Those noted in `directory`. A damaged record costs a run of each command, nothing else.
    pub(super) fn of(directory: &Path) -> Self {
        let path = directory.join("passes.json");
        let record = read_versioned(&path).ok().flatten().unwrap_or_default();
        Self { path, record, changed: false }
    }

    /// Whether the last pass of a command was by this digest.
    pub(super) fn has(&self, stage: &str, command: &str, digest: &str) -> bool {
        self.record.passes.get(&key(stage, command)).is_some_and(|noted| noted == digest)
    }

    /// Notes how a command ended that has inputs: by which digest it passed, or that it has not.
    pub(super) fn note(&mut self, stage: &str, command: &str, passed: Option<String>) {
        let key = key(stage, command);
        let (former, now) = match passed {
            Some(digest) => (self.record.passes.insert(key, digest.clone()), Some(digest)),
            None => (self.record.passes.remove(&key), None),
        };
        self.changed |= former != now;
    }

    /// Writes what was noted. After a crash of the machine older passes may be known, which are as true.
    pub(super) fn keep(&mut self) -> Result<(), Error> {
        if std::mem::take(&mut self.changed) {
            write_fleeting(&self.path, &self.record)?;
        }
        Ok(())
    }
}

fn key(stage: &str, command: &str) -> String {
    format!("{stage}/{command}")
}

/// What the outcome of `command` depends on; `None` where it does not say so.
pub(super) async fn digest(command: &PlannedCommand, around: &Surroundings<'_>) -> Result<Option<String>, InputsError> {
    let PlannedCheck::Shell(line) = &command.check else { return Ok(None) };
    if command.inputs.is_empty() {
        return Ok(None);
    }
    let (tree, patterns) = (around.tree.to_owned(), command.inputs.clone());
    // other commands of the stage go on meanwhile
    let hashed = tokio::task::spawn_blocking(move || {
        let files = inputs::matching_files(&tree, &patterns)?;
        Ok(inputs::digest_of(&tree, &files)? + &kinds(&tree, &files))
    })
    .await;
    let Ok(files) = hashed else { return Ok(None) };
    let variables: BTreeMap<&str, &str> = around
        .environment
        .iter()
        .chain(&command.environment)
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .filter(|(name, _)| !PASSING.contains(name))
        .collect();
    let directory = command.working_dir.to_string_lossy();
    let parts = [line.as_str(), &directory, &files?];
    let mut hash = Sha256::new();
    for part in parts.into_iter().chain(variables.into_iter().flat_map(|(name, value)| [name, value])) {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    Ok(Some(system::hexadecimal(&hash.finalize())))
}

/// What git records of each input besides its bytes: whether it is executable, and whether it is a link.
fn kinds(tree: &Path, files: &[PathBuf]) -> String {
    let kind = |file: &PathBuf| match tree.join(file).symlink_metadata() {
        Ok(metadata) if metadata.is_symlink() => 'l',
        Ok(metadata) if metadata.permissions().mode() & 0o111 != 0 => 'x',
        _ => '-',
    };
    files.iter().map(kind).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_is_known_until_the_command_fails() {
        let directory = tempfile::tempdir().unwrap();
        let mut passes = Passes::of(directory.path());
        passes.note("lint", "web", Some("one".to_owned()));
        passes.keep().unwrap();
        let mut passes = Passes::of(directory.path());
        assert!(passes.has("lint", "web", "one"));
        assert!(!passes.has("lint", "web", "two") && !passes.has("lint", "api", "one"));
        passes.note("lint", "web", None);
        passes.keep().unwrap();
        assert!(!Passes::of(directory.path()).has("lint", "web", "one"));
        std::fs::write(directory.path().join("passes.json"), "{").unwrap();
        assert!(!Passes::of(directory.path()).has("lint", "web", "one"), "a damaged record proves nothing");
    }

    #[test]
    fn an_input_that_is_not_executable_any_more_is_another() {
        let tree = tempfile::tempdir().unwrap();
        let file = tree.path().join("t.sh");
        std::fs::write(&file, "true").unwrap();
        let files = [PathBuf::from("t.sh")];
        let mut seen = vec![kinds(tree.path(), &files)];
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        seen.push(kinds(tree.path(), &files));
        std::fs::rename(&file, tree.path().join("other")).unwrap();
        std::os::unix::fs::symlink("other", &file).unwrap();
        seen.push(kinds(tree.path(), &files));
        assert_eq!(seen, ["-", "x", "l"]);
    }
}
