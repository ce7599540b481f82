//! What the record of a home keeps of its PostgreSQL.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::infra::error::{Error, Result};
use crate::postgres::packages;
use crate::project::Durability;
use crate::system::Home;

/// What a `sockaddr_un` holds beside its final zero: unix(7).
const LONGEST_SOCKET_PATH: usize = 107;

/// The home's PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostgresRecord {
    /// Host port.
    pub port: u16,
    /// `fast` or `safe`.
    pub durability: Durability,
    /// Further server settings of the project that set infra up.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// The cluster's own identity; `None` until it was first reached.
    pub system_identifier: Option<String>,
    /// The programs of the native engine.
    pub binaries: Option<BinariesRecord>,
    /// The image of the docker engine.
    pub image: Option<String>,
}

/// The PostgreSQL programs that the native engine runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BinariesRecord {
    /// Directory of `postgres` and `initdb`.
    pub bin_dir: PathBuf,
    /// `15.18`.
    pub version: String,
    /// `15`.
    pub major: u32,
    /// Directory of the `*.control` files.
    pub extension_dir: PathBuf,
    /// Why these, in one line.
    pub reason: String,
}

impl PostgresRecord {
    /// The data directory of the native engine.
    pub fn data_dir(home: &Home) -> PathBuf {
        home.infra_dir().join("db/data")
    }

    /// Where the native engine's server has its Unix socket, `.s.PGSQL.<port>`: a directory with nothing else in it, so
    /// that an agent in a sandbox may be let into it. `None` on the docker engine, and where the path would be too long.
    pub fn socket_dir(&self, home: &Home) -> Option<PathBuf> {
        let directory = home.infra_dir().join("sockets");
        let longest = directory.join(format!(".s.PGSQL.{}", self.port));
        (self.binaries.is_some() && longest.as_os_str().len() <= LONGEST_SOCKET_PATH).then_some(directory)
    }

    /// Whether the recorded programs offer an extension.
    pub fn offers(&self, extension: &str) -> bool {
        self.binaries.as_ref().is_none_or(|binaries| has_control_file(&binaries.extension_dir, extension))
    }

    /// Refuses extensions that this server does not have.
    pub(in crate::infra) fn check_extensions(&self, extensions: &[String]) -> Result<()> {
        let missing: Vec<String> = extensions.iter().filter(|name| !self.offers(name)).cloned().collect();
        match &self.binaries {
            Some(BinariesRecord { version, major, .. }) if !missing.is_empty() => Err(Error::ServerLacksExtension {
                version: version.clone(),
                packages: packages(*major, &missing),
                extensions: missing,
            }),
            _ => Ok(()),
        }
    }
}

/// Whether a directory of extensions has this one.
pub(super) fn has_control_file(extension_dir: &Path, extension: &str) -> bool {
    extension_dir.join(format!("{extension}.control")).is_file()
}

/// As in `harness.toml`.
pub(super) fn word(durability: Durability) -> &'static str {
    match durability {
        Durability::Fast => "fast",
        Durability::Safe => "safe",
    }
}
