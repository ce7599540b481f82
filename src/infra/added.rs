//! What the record keeps of a user's own compose file.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A file as it was when the home was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddedFile {
    /// Where it was read.
    pub path: PathBuf,
    /// What it said.
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
