//! `supervisor.json`: who is alive, for the one who comes after both guardian and supervisor died.
//!
//! It is a hint beside the environment marker (a program may wipe its environment), written without
//! fsync: after a crash of the machine none of these processes exists anyway.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::system::ProcessIdentity;

const NAME: &str = "supervisor.json";

/// The live processes of a stack.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// 1.
    pub(crate) version: u32,
    /// Leaders by process name.
    pub(crate) processes: BTreeMap<String, ProcessIdentity>,
}

/// Replaces the record.
pub(crate) fn write(directory: &Path, record: &Record) -> std::io::Result<()> {
    use std::io::Write;
    let temporary = directory.join(".supervisor.json.new");
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(&serde_json::to_vec(record)?)?;
    fs::rename(temporary, directory.join(NAME))
}

/// Reads the record; an absent or damaged one is empty, since the marker finds the processes as well.
pub(crate) fn read(directory: &Path) -> Record {
    fs::read(directory.join(NAME)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

/// Removes the record.
pub(crate) fn remove(directory: &Path) {
    let _ = fs::remove_file(directory.join(NAME));
}
