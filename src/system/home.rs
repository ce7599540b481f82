//! Where machine state lives. A home is a machine: one home, one infra, one set of agent ids.
//!
//! ```text
//! <home>/home.json                      the home's id, made once
//! <home>/agents/<id>/                   record.json, journal, processes.toml, lock, supervisor.sock, logs/
//! <home>/infra/                         record.json, bin/, <service>/...; the stack `infra` itself
//! <home>/serve/                         token, database and settings of `harness serve`; below it the stack `serve`
//! <home>/evidence/                      the key that signs evidence
//! <home>/templates.json, buckets.json   what exists on the servers, by home
//! ```
//!
//! The path comes from `HARNESS_HOME`, `XDG_STATE_HOME` or `HOME` (root: `/var/lib/harness`), never
//! from `TMPDIR`: two shells with different temporary directories see the same stacks.

use std::fmt;
use std::path::{Path, PathBuf};

use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::{Error, Result, Versioned, atomic, effective_uid, read_versioned, write_versioned};

/// The folder of machine state, existing, with its id.
#[derive(Debug, Clone)]
pub struct Home {
    path: PathBuf,
    id: String,
}

#[derive(Serialize, Deserialize)]
struct HomeDocument {
    id: String,
}

impl Versioned for HomeDocument {
    const WHAT: &'static str = "home document";
    const VERSION: u32 = 1;
}

/// Whether only directories of agents can be seen at `path`. A home that lost its `home.json` still has the lock under which
/// that was made.
fn is_partial(path: &Path) -> bool {
    path.join("agents").is_dir() && !path.join("home.json").exists() && !path.join("home.lock").exists()
}

/// Whether `path` holds a home. One whose `home.json` was lost still holds agents.
fn is_home(path: &Path) -> bool {
    path.join("home.json").exists() || path.join("agents").is_dir()
}

/// The name of a stack in a home: an agent's, the infra, or `harness serve`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StackName {
    /// The shared servers.
    Infra,
    /// Agent `n`.
    Agent(u8),
    /// `harness serve`, detached.
    Serve,
}

impl fmt::Display for StackName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Infra => formatter.write_str("infra"),
            Self::Agent(id) => write!(formatter, "agent-{id}"),
            Self::Serve => formatter.write_str("serve"),
        }
    }
}

impl Home {
    /// Where the home is, by the environment; it need not exist. `variable` looks a variable up.
    pub fn locate(variable: impl Fn(&str) -> Option<String>) -> Result<PathBuf> {
        let set = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let path = if let Some(path) = set("HARNESS_HOME") {
            // relative to where one stands, it would be another home in each folder
            if path.is_relative() {
                return Err(Error::RelativeHome { path });
            }
            path
        } else if effective_uid() == 0 {
            PathBuf::from("/var/lib/harness")
        } else if let Some(state) = set("XDG_STATE_HOME").filter(|path| path.is_absolute()) {
            state.join("harness")
        } else {
            set("HOME").ok_or(Error::NoHome)?.join(".local/state/harness")
        };
        std::path::absolute(&path).map_err(Error::file("resolve", &path))
    }

    /// Opens the home, making it (and its id) when absent.
    ///
    /// # Errors
    /// It cannot be made; it cannot be seen in a sandbox ([`Error::PartialHome`]).
    pub fn open(path: &Path) -> Result<Self> {
        if is_partial(path) {
            return Err(Error::PartialHome { home: path.to_owned() });
        }
        // 0711 for root, so that the service user reaches its own folder below
        let mode = if effective_uid() == 0 { 0o711 } else { 0o700 };
        atomic::create_private_dir(path, mode)?;
        let file = path.join("home.json");
        let id = if let Some(document) = read_versioned::<HomeDocument>(&file)? {
            document.id
        } else {
            // two first commands may race: the lock makes one of them the author
            let _lock = loop {
                match super::FileLock::try_acquire(&path.join("home.lock"), "create the home")? {
                    Ok(lock) => break lock,
                    Err(_) => std::thread::yield_now(),
                }
            };
            if let Some(document) = read_versioned::<HomeDocument>(&file)? {
                document.id
            } else {
                let id: String =
                    (0..12).map(|_| char::from_digit(rand::rng().random_range(0..16), 16).unwrap_or('0')).collect();
                write_versioned(&file, &HomeDocument { id: id.clone() })?;
                id
            }
        };
        // after the lock, by which a home is told from what a sandbox shows of one
        atomic::create_private_dir(&path.join("agents"), 0o700)?;
        atomic::create_private_dir(&path.join("infra"), mode)?;
        Ok(Self { path: path.to_owned(), id })
    }

    /// Opens the home to look at it: one that does not exist is empty, and is not made.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn look(path: &Path) -> Result<Self> {
        if path.join("home.json").exists() {
            return Self::open(path);
        }
        // the id of no home: nothing on a server or among the processes carries it
        Ok(Self { path: path.to_owned(), id: "-".repeat(12) })
    }

    /// Itself, if it can be seen.
    ///
    /// # Errors
    /// Only directories of agents can be seen of it: the command runs in a sandbox that is let into no more.
    pub fn whole(&self) -> Result<&Self> {
        if is_partial(&self.path) { Err(Error::PartialHome { home: self.path.clone() }) } else { Ok(self) }
    }

    /// Whether there is a home, which [`Self::look`] need not find.
    pub fn exists(&self) -> bool {
        is_home(&self.path)
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Twelve hexadecimal digits that mark everything this home makes on servers.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The directory of a stack; it need not exist.
    pub fn stack_dir(&self, stack: StackName) -> PathBuf {
        match stack {
            StackName::Infra => self.path.join("infra"),
            StackName::Agent(id) => self.path.join("agents").join(id.to_string()),
            StackName::Serve => self.path.join("serve").join("stack"),
        }
    }

    /// The directory of the infra.
    pub fn infra_dir(&self) -> PathBuf {
        self.stack_dir(StackName::Infra)
    }

    /// The agents that have a directory here, by number.
    pub fn agents(&self) -> Result<Vec<u8>> {
        let directory = self.path.join("agents");
        if !directory.is_dir() {
            return Ok(Vec::new());
        }
        let mut ids: Vec<u8> = std::fs::read_dir(&directory)
            .map_err(Error::file("read", &directory))?
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .collect();
        ids.sort_unstable();
        Ok(ids)
    }
}
