//! What runs on a clean tree have found, kept in the home: `baselines/<project>/<tree>.json`.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::super::Error;
use super::classify::Found;
use crate::project::VerifyStage;
use crate::system::{self, FileLock, Versioned, hexadecimal, read_versioned, write_fleeting};

/// How many trees of one project are remembered.
const KEPT: usize = 20;

/// Counts the ways in which wordings were made: what was kept in another way is not comparable.
const WORDINGS: u32 = 2;

/// The results of one tree.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Document {
    commands: Vec<Command>,
}

/// What a command has found there.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Command {
    stage: String,
    name: String,
    /// Names what it does: of another command, nothing is known.
    plan: String,
    /// What its failures say; empty where it passed.
    failures: Vec<String>,
}

impl Versioned for Document {
    const WHAT: &'static str = "record of a baseline";
    const VERSION: u32 = 1;
}

/// The record of one tree, locked: nobody else runs it meanwhile.
pub(super) struct Kept<'a> {
    stages: &'a [VerifyStage],
    path: PathBuf,
    document: Document,
    _lock: FileLock,
}

impl<'a> Kept<'a> {
    /// Opens the record of `tree`; waits for another command that is making it. `waiting` is called once then.
    pub(super) async fn of(
        home: &Path,
        root: &Path,
        tree: &str,
        stages: &'a [VerifyStage],
        waiting: impl FnOnce(),
    ) -> Result<Self, Error> {
        let project = hexadecimal(&Sha256::digest(root.as_os_str().as_encoded_bytes())[..6]);
        let folder = home.join("baselines").join(project);
        system::create_private_dir(&home.join("baselines"), 0o700)?;
        system::create_private_dir(&folder, 0o700)?;
        let lock = FileLock::acquire(&folder.join("lock"), "verify --against", |_| waiting()).await?;
        let path = folder.join(format!("{tree}.json"));
        // a damaged record is made again
        let document = read_versioned(&path).unwrap_or_default().unwrap_or_default();
        Ok(Self { stages, path, document, _lock: lock })
    }

    /// What is known of the commands of the plan.
    pub(super) fn found(&self) -> Found {
        let known = |command: &&Command| self.plan(&command.stage, &command.name).as_ref() == Some(&command.plan);
        let commands = self.document.commands.iter().filter(known);
        commands.map(|it| ((it.stage.clone(), it.name.clone()), it.failures.clone())).collect()
    }

    /// Adds what was found.
    pub(super) fn keep(&mut self, found: &Found) -> Result<(), Error> {
        for ((stage, name), failures) in found {
            let Some(plan) = self.plan(stage, name) else { continue };
            self.document.commands.retain(|command| (&command.stage, &command.name) != (stage, name));
            let (stage, name, failures) = (stage.clone(), name.clone(), failures.clone());
            self.document.commands.push(Command { stage, name, plan, failures });
        }
        write_fleeting(&self.path, &self.document)?;
        self.forget();
        Ok(())
    }

    fn plan(&self, stage: &str, command: &str) -> Option<String> {
        let stage = self.stages.iter().find(|it| it.name == stage)?;
        let command = stage.commands.iter().find(|it| it.name == command)?;
        Some(hexadecimal(&Sha256::digest(format!("{WORDINGS} {command:?}"))[..6]))
    }

    /// Removes the records of the trees that were asked about longest ago.
    fn forget(&self) {
        let Some(entries) = self.path.parent().and_then(|folder| std::fs::read_dir(folder).ok()) else { return };
        let records = entries.filter_map(Result::ok).map(|entry| entry.path());
        let records = records.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
        let when = |path: &PathBuf| path.metadata().and_then(|it| it.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
        let mut records: Vec<PathBuf> = records.collect();
        records.sort_by_key(|path| std::cmp::Reverse(when(path)));
        for old in records.iter().skip(KEPT) {
            let _ = std::fs::remove_file(old);
        }
    }
}
