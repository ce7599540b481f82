//! The copies of one agent.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::copy::{copy, names, put, remove};
use crate::project::AgentId;
use crate::report::Failure;
use crate::system::proc::{Stop, StopPatience, stop_processes_async};
use crate::system::{self, Home, Versioned, marker_value, processes_with_marker};

/// The name of a complete unit.
const CURRENT: &str = "current";
/// What is being made, and what is being removed.
const PARTIAL: &str = "partial";
/// What was replaced on a file system that cannot exchange.
const OLD: &str = "old";
/// The files of a unit.
pub(super) const DATA: &str = "data";
const MARK: &str = "store.json";

/// What a unit says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    /// The store.
    pub(super) store: String,
    /// The project.
    pub(super) project: String,
    /// The template that it comes from; `None` for one that began empty.
    pub(super) template: Option<String>,
    /// When it was made, RFC 3339.
    pub(super) made_at: String,
}

impl Versioned for Mark {
    const WHAT: &'static str = "mark of a store";
    const VERSION: u32 = 1;
}

impl Mark {
    pub(super) fn write(&self, unit: &Path) -> system::Result<()> {
        system::write_versioned(&unit.join(MARK), self)
    }

    pub(super) fn read(unit: &Path) -> system::Result<Option<Self>> {
        system::read_versioned(&unit.join(MARK))
    }
}

/// The copies of one agent.
#[derive(Debug, Clone)]
pub struct AgentStores {
    /// Where they are.
    pub(super) directory: PathBuf,
    /// Where their snapshots are.
    pub(super) snapshots: PathBuf,
    /// What programs that copy carry.
    pub(super) marker: String,
}

impl AgentStores {
    /// Those of an agent.
    pub fn of(home: &Home, agent: AgentId) -> Self {
        let marker = marker_value(home.id(), &format!("{}-stores", agent.stack()));
        let own = home.stack_dir(agent.stack());
        Self { directory: own.join("stores"), snapshots: own.join("store-snapshots"), marker }
    }

    /// The data directory of a store.
    pub fn data(&self, store: &str) -> PathBuf {
        self.current(store).join(DATA)
    }

    pub(super) fn current(&self, store: &str) -> PathBuf {
        self.directory.join(store).join(CURRENT)
    }

    /// Whether there is anything of them.
    pub fn exist(&self) -> bool {
        self.directory.is_dir() || self.snapshots.is_dir()
    }

    /// The stores of which there is a copy.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn complete(&self) -> system::Result<Vec<String>> {
        Ok(names(&self.directory)?.into_iter().filter(|name| self.current(name).is_dir()).collect())
    }

    /// The template that the agent's copy of a store comes from; `None` for one that began empty.
    ///
    /// # Errors
    /// The mark cannot be read.
    pub fn template(&self, store: &str) -> system::Result<Option<String>> {
        Ok(Mark::read(&self.current(store))?.and_then(|mark| mark.template))
    }

    /// Clears away what a killed command has left, and takes back what it was about to replace.
    ///
    /// # Errors
    /// Files cannot be renamed or removed.
    pub async fn mend(&self) -> system::Result<()> {
        let units = names(&self.directory)?.into_iter().map(|name| self.directory.join(name));
        let units: Vec<PathBuf> =
            units.filter(|unit| [PARTIAL, OLD].iter().any(|name| unit.join(name).exists())).collect();
        let snapshot = self.partial_snapshot();
        if units.is_empty() && !snapshot.exists() {
            return Ok(());
        }
        // one that copies writes on although its harness was killed
        stop_processes_async(Stop::begin(PATIENCE, []), async || processes_with_marker(&self.marker)).await;
        for unit in units {
            let (current, old) = (unit.join(CURRENT), unit.join(OLD));
            if old.exists() && !current.exists() {
                std::fs::rename(&old, &current).map_err(system::Error::file("take back", &current))?;
            }
            remove(&unit.join(PARTIAL))?;
            remove(&old)?;
        }
        remove(&snapshot)
    }

    /// A snapshot that is being made; none has a name with a dot.
    pub(super) fn partial_snapshot(&self) -> PathBuf {
        self.snapshots.join(".partial")
    }

    /// Gives the agent a copy of `unit`, or an empty directory, in the place of the one that it has.
    ///
    /// # Errors
    /// It cannot be copied; then the agent has what it had.
    pub async fn make(&self, store: &str, project: &str, unit: Option<&Path>) -> Result<(), Failure> {
        let directory = self.directory.join(store);
        system::create_private_dir(&self.directory, 0o700)?;
        system::create_private_dir(&directory, 0o700)?;
        let partial = directory.join(PARTIAL);
        if let Some(unit) = unit {
            copy(store, unit, &partial, &self.marker).await?;
        } else {
            system::create_private_dir(&partial, 0o700)?;
            system::create_private_dir(&partial.join(DATA), 0o700)?;
            let (store, project) = (store.to_owned(), project.to_owned());
            Mark { store, project, template: None, made_at: now() }.write(&partial)?;
        }
        put(&partial, &self.current(store), &directory.join(OLD))?;
        remove(&partial)?;
        Ok(remove(&directory.join(OLD))?)
    }

    /// Removes everything of them.
    ///
    /// # Errors
    /// It cannot be removed.
    pub async fn remove(&self) -> system::Result<()> {
        self.mend().await?;
        remove(&self.snapshots)?;
        remove(&self.directory)
    }
}

/// How long a program that copies may take to end.
const PATIENCE: StopPatience =
    StopPatience { grace: std::time::Duration::from_secs(1), kill: std::time::Duration::from_secs(5) };

pub(super) fn now() -> String {
    jiff::Timestamp::now().to_string()
}
