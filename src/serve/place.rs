//! Where `serve` keeps things: `<home>/serve`, for its owner alone.
//!
//! ```text
//! <home>/serve/token         who has it may do everything
//! <home>/serve/lock          held by the server of this home
//! <home>/serve/address.json  where it listens
//! <home>/serve/serve.toml    settings; a person writes it
//! <home>/serve/gateway.json  where the gateway listens, or did last
//! <home>/serve/authority.*   who signs the gateway's certificates
//! <home>/serve/harness.db    tasks, events, jobs; elsewhere with DATABASE_PATH
//! <home>/serve/stack/        supervisor and log of one that is detached
//! ```

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Error;
use crate::supervisor::Client;
use crate::system::{self, FileLock, Home, Secret, Versioned, read_versioned, write_versioned};

/// The folder of one home.
#[derive(Debug, Clone)]
pub(super) struct Place {
    directory: PathBuf,
}

/// Where the server listens, for commands of the same home.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Listening {
    /// The first is told to people.
    pub(super) addresses: Vec<SocketAddr>,
    /// The version of harness that serves; empty of one that does not say.
    #[serde(default)]
    pub(super) harness_version: String,
}

impl Versioned for Listening {
    const WHAT: &'static str = "address of `harness serve`";
    const VERSION: u32 = 1;
}

impl Place {
    pub(super) fn of(home: &Home) -> Self {
        Self { directory: home.path().join("serve") }
    }

    pub(super) fn create(&self) -> system::Result<()> {
        system::create_private_dir(&self.directory, 0o700)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    pub(super) fn settings(&self) -> PathBuf {
        self.file("serve.toml")
    }

    /// The error of settings that make no sense together.
    pub(super) fn wrong_settings(&self, reason: String) -> Error {
        Error::Settings { path: self.settings(), reason }
    }

    /// The database: `DATABASE_PATH`, else in the folder.
    pub(super) fn database(&self, environment: &BTreeMap<String, String>) -> PathBuf {
        match environment.get("DATABASE_PATH").filter(|path| !path.is_empty()) {
            Some(path) => std::path::absolute(path).unwrap_or_else(|_| Path::new(path).to_owned()),
            None => self.file("harness.db"),
        }
    }

    /// The right to serve this home, until dropped.
    ///
    /// # Errors
    /// Another server has it.
    pub(super) fn lock(&self) -> Result<FileLock, Error> {
        match FileLock::try_acquire(&self.file("lock"), "serve")? {
            Ok(lock) => Ok(lock),
            Err(holder) => Err(self.running(holder.map(|holder| holder.pid))),
        }
    }

    /// The error that another server runs, as process `pid`, where that is known.
    pub(super) fn running(&self, pid: Option<u32>) -> Error {
        let listening = self.listening().ok().flatten();
        Error::Running {
            pid: pid.or_else(|| self.holder().ok().flatten()),
            address: listening.and_then(|known| known.addresses.first().copied()),
            detached: matches!(Client::look(&self.file("stack")), Ok(Some(_))),
        }
    }

    /// The process that serves.
    pub(super) fn holder(&self) -> system::Result<Option<u32>> {
        let held = FileLock::try_acquire(&self.file("lock"), "look")?;
        Ok(held.err().flatten().map(|holder| holder.pid))
    }

    /// Whether a server of this home runs.
    pub(super) fn is_served(&self) -> bool {
        let lock = self.file("lock");
        lock.exists() && matches!(FileLock::try_acquire(&lock, "look"), Ok(Err(_)))
    }

    pub(super) fn listening(&self) -> system::Result<Option<Listening>> {
        read_versioned(&self.file("address.json"))
    }

    pub(super) fn listens(&self, addresses: Vec<SocketAddr>) -> system::Result<()> {
        write_versioned(
            &self.file("address.json"),
            &Listening { addresses, harness_version: env!("CARGO_PKG_VERSION").to_owned() },
        )
    }

    /// The token; made by whoever needs it first and holds the lock.
    pub(super) fn token_to_make(&self) -> system::Result<Secret> {
        if let Some(token) = self.token()? {
            return Ok(token);
        }
        let token = Secret::generate();
        system::write_atomic(&self.file("token"), format!("{}\n", token.expose()).as_bytes(), 0o600)?;
        Ok(token)
    }

    /// The token, where there is one.
    pub(super) fn token(&self) -> system::Result<Option<Secret>> {
        let Some(bytes) = system::read_optional(&self.file("token"))? else { return Ok(None) };
        let text = String::from_utf8_lossy(&bytes).trim().to_owned();
        // a file that somebody emptied lets nobody in
        Ok(Some(text).filter(|text| text.len() >= 16).map(Secret::new))
    }
}
