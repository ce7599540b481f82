//! `manifest.json` of a backup: what is in it, and by which checksums that is still so.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::error::Error;
use crate::bucket::SavedObject;
use crate::project::AgentId;
use crate::report::Failure;
use crate::system::{self, Versioned};

/// The file's name.
pub(super) const MANIFEST: &str = "manifest.json";

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// The harness that wrote it.
    pub(super) harness_version: String,
    /// When it was begun.
    pub(super) made_at: String,
    /// The id of the home that was saved.
    pub(super) home: String,
    pub(super) agents: Vec<SavedAgent>,
    /// Every other file, by its path below the directory.
    pub(super) files: BTreeMap<String, Sum>,
}

impl Versioned for Manifest {
    const WHAT: &'static str = "manifest of a backup";
    const VERSION: u32 = 1;
}

/// One agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SavedAgent {
    pub(super) agent: AgentId,
    pub(super) project: String,
    pub(super) project_root: PathBuf,
    pub(super) place: SavedPlace,
    /// `--with` of its launch.
    pub(super) with: Vec<String>,
    /// The dump of its database.
    pub(super) database: Option<String>,
    /// Its objects; `None` where it has no bucket, or that was left out.
    pub(super) bucket: Option<Vec<SavedFile>>,
}

/// Where an agent lives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub(super) enum SavedPlace {
    /// In the project's root.
    Root,
    /// In a work tree that harness made.
    WorkTree { branch: Option<String> },
    /// In a work tree that another program made.
    Adopted { tree: PathBuf },
}

/// An object and the file that has its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SavedFile {
    pub(super) file: String,
    #[serde(flatten)]
    pub(super) object: SavedObject,
}

/// By what a file is recognised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sum {
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

impl Manifest {
    /// Reads the manifest, and compares every file that it names.
    pub(super) async fn checked(directory: &Path) -> Result<Self, Failure> {
        let found: Option<Self> = system::read_versioned(&directory.join(MANIFEST))?;
        let manifest = found.ok_or_else(|| Error::NoBackup { directory: directory.to_owned() })?;
        for (file, expected) in &manifest.files {
            let damaged = |what| Error::Damaged { file: file.clone(), what };
            if !Path::new(file).components().all(|part| matches!(part, Component::Normal(_))) {
                return Err(damaged("has a name that leads out of it").into());
            }
            let path = directory.join(file);
            if !path.is_file() {
                return Err(damaged("is missing").into());
            }
            if sum(&path).await? != *expected {
                return Err(damaged("was changed: its checksum is another one").into());
            }
        }
        let unlisted = manifest.used().find(|file| !manifest.files.contains_key(*file));
        match unlisted {
            Some(file) => Err(Error::Damaged { file: file.to_owned(), what: "has no checksum" }.into()),
            None => Ok(manifest),
        }
    }

    /// The files that agents are restored from.
    fn used(&self) -> impl Iterator<Item = &str> {
        self.agents.iter().flat_map(|agent| {
            let objects = agent.bucket.iter().flatten().map(|one| one.file.as_str());
            agent.database.as_deref().into_iter().chain(objects)
        })
    }
}

/// Reads a file to its end. Others get their turn meanwhile: a signal has to be heard.
pub(super) async fn sum(path: &Path) -> system::Result<Sum> {
    let failed = || system::Error::file("read", path);
    let mut file = File::open(path).map_err(failed())?;
    let (mut digest, mut bytes, mut chunk) = (Sha256::new(), 0, vec![0; 256 * 1024]);
    loop {
        let length = file.read(&mut chunk).map_err(failed())?;
        if length == 0 {
            break;
        }
        digest.update(&chunk[..length]);
        bytes += length as u64;
        tokio::task::yield_now().await;
    }
    Ok(Sum { bytes, sha256: system::hexadecimal(&digest.finalize()) })
}

/// All files below `directory`, by their paths below it.
pub(super) fn files(directory: &Path) -> system::Result<Vec<String>> {
    let (mut found, mut left) = (Vec::new(), vec![directory.to_owned()]);
    while let Some(next) = left.pop() {
        let failed = || system::Error::file("list", &next);
        for entry in std::fs::read_dir(&next).map_err(failed())? {
            let path = entry.map_err(failed())?.path();
            if path.is_dir() {
                left.push(path);
            } else if let Some(name) = path.strip_prefix(directory).ok().and_then(Path::to_str) {
                found.push(name.to_owned());
            }
        }
    }
    found.sort_unstable();
    Ok(found)
}
