//! What the home knows of a spare: `spare-trees/<name>.json`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::project::WorktreeSettings;
use crate::system::{self, FileLock, Home, Versioned};

/// One spare tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::agent) struct SpareTree {
    /// Its name in this home.
    pub(in crate::agent) name: String,
    /// `[project] name`.
    pub(in crate::agent) project: String,
    /// The project's root.
    pub(in crate::agent) project_root: PathBuf,
    /// The top of the work tree.
    pub(in crate::agent) path: PathBuf,
    /// The directory in it that corresponds to the project's root.
    pub(in crate::agent) tree: PathBuf,
    pub(super) stage: Stage,
}

/// How far it has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Stage {
    /// It is being made or brought up to date.
    Making,
    /// A launch may take it.
    Ready(Contents),
    /// A launch takes it, to this place.
    Taken(PathBuf),
}

/// What a complete spare holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Contents {
    /// The commit.
    pub(super) head: String,
    /// The digest of what `[prepare]` changed in files of git; empty where it changed nothing.
    pub(super) changes: String,
    /// `[worktree] copy` and `clone`.
    pub(super) settings: [Vec<String>; 2],
    /// What was brought along from the root.
    pub(super) copied: Vec<String>,
    /// What that was like there, by path.
    pub(super) sources: BTreeMap<String, String>,
    /// The files, relative to the top, that hold its path.
    pub(super) own_paths: Vec<PathBuf>,
}

impl Versioned for SpareTree {
    const WHAT: &'static str = "record of a spare tree";
    const VERSION: u32 = 1;
}

impl SpareTree {
    /// One of the project that is to be made at `path`.
    pub(super) fn begun(name: &str, project: &str, root: &Path, (path, tree): (PathBuf, PathBuf)) -> Self {
        let (name, project) = (name.to_owned(), project.to_owned());
        Self { name, project, project_root: root.to_owned(), path, tree, stage: Stage::Making }
    }

    /// Whether a launch may take it.
    pub(in crate::agent) fn is_ready(&self) -> bool {
        matches!(self.stage, Stage::Ready(_))
    }

    /// The same as it is written now; `None` where it is gone.
    pub(super) fn again(&self, home: &Home) -> Option<Self> {
        read(&file(home, &self.name, "json"))
    }

    pub(super) fn write(&self, home: &Home) -> system::Result<()> {
        system::create_private_dir(&directory(home), 0o700)?;
        system::write_versioned(&file(home, &self.name, "json"), self)
    }

    /// Forgets it. The lock's file stays, since another command may wait for it.
    pub(super) fn forget(&self, home: &Home) -> system::Result<()> {
        system::remove_if_exists(&file(home, &self.name, "json")).map(drop)
    }

    /// The lock of whoever works on it; `None` while another command does.
    pub(super) fn lock(&self, home: &Home) -> system::Result<Option<FileLock>> {
        lock(home, &self.name)
    }
}

/// Where the records are.
pub(in crate::agent) fn directory(home: &Home) -> PathBuf {
    home.path().join("spare-trees")
}

/// All spares of the home, by name. What cannot be read is none.
pub(in crate::agent) fn all(home: &Home) -> Vec<SpareTree> {
    let entries = std::fs::read_dir(directory(home)).into_iter().flatten().filter_map(Result::ok);
    let files = entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|it| it == "json"));
    let mut found: Vec<SpareTree> = files.filter_map(|path| read(&path)).collect();
    found.sort_by(|left, right| left.name.cmp(&right.name));
    found
}

/// By which what works on a spare is known: its steps, and what they leave running.
pub(super) fn marker(home: &Home, name: &str) -> String {
    system::marker_value(home.id(), &format!("spare-{name}"))
}

pub(super) fn lock(home: &Home, name: &str) -> system::Result<Option<FileLock>> {
    system::create_private_dir(&directory(home), 0o700)?;
    Ok(FileLock::try_acquire(&file(home, name, "lock"), "spare tree")?.ok())
}

/// By what the files of a project are called here: two projects of one name have other roots.
pub(in crate::agent) fn key_of(project: &str, root: &Path) -> String {
    let digest = system::hexadecimal(&Sha256::digest(root.as_os_str().as_encoded_bytes()));
    format!("{project}-{}", &digest[..8])
}

/// A name that a spare of the project may have.
pub(super) fn name_of(project: &str, root: &Path, number: usize) -> String {
    format!("{}-{number}", key_of(project, root))
}

pub(super) fn settings_of(settings: &WorktreeSettings) -> [Vec<String>; 2] {
    [settings.copy.clone(), settings.clone.clone()]
}

fn file(home: &Home, name: &str, extension: &str) -> PathBuf {
    directory(home).join(format!("{name}.{extension}"))
}

fn read(file: &Path) -> Option<SpareTree> {
    system::read_versioned(file).ok().flatten()
}
