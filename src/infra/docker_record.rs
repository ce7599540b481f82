//! What a home's record keeps for the docker engine alone.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What the docker engine has decided for this home.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DockerRecord {
    /// The compose project: its name is part of the names of containers, network and volumes.
    pub compose_project: String,
    /// Memory limits that the project asked for, in bytes, by service.
    pub memory: BTreeMap<String, u64>,
    /// Major version of PostgreSQL in the image that the volume was first used with.
    pub postgres_major: Option<u32>,
    /// The address of this machine on the containers' network.
    pub gateway: Option<String>,
    /// The services of a user's own compose file.
    #[serde(default)]
    pub added: Option<AddedFile>,
}

/// A user's own compose file as it was when the home was set up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddedFile {
    /// Where it was read.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
    /// What it adds.
    pub services: Vec<AddedService>,
}

/// One service of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddedService {
    /// Its name.
    pub name: String,
    /// Its image.
    pub image: String,
    /// Ports on the host.
    pub ports: Vec<u16>,
}
