//! The variables of a worker: its environment, then a file.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::WorkError;
use crate::project::dotenv;
use crate::system::Secret;

/// The file of variables that is read where none is named.
const FILE: &str = "/etc/harness/work.env";

/// A variable, also by its name in the earlier coordinator.
pub(super) fn variable(environment: &BTreeMap<String, String>, name: &str) -> Option<String> {
    variable_or_empty(environment, name).filter(|value| !value.is_empty())
}

/// The same where an empty one means something.
pub(super) fn variable_or_empty(environment: &BTreeMap<String, String>, name: &str) -> Option<String> {
    let names = [format!("HARNESS_{name}"), name.to_owned(), format!("TERARCHITECT_{name}")];
    names.iter().find_map(|name| environment.get(name)).cloned()
}

/// `WORKER_API_KEY` without a prefix is that of the model.
const KEYS: [&str; 3] = ["HARNESS_WORKER_KEY", "HARNESS_WORKER_API_KEY", "TERARCHITECT_WORKER_API_KEY"];

pub(super) fn key(environment: &BTreeMap<String, String>) -> Option<Secret> {
    let mut found = KEYS.iter().filter_map(|name| environment.get(*name)).filter(|value| !value.is_empty());
    found.next().map(Secret::new)
}

/// The environment without what opens the server, and without what another command of harness has left there.
pub(super) fn without_keys(mut environment: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let names = KEYS.iter().copied().chain(["AGENT_ID", super::complete::VARIABLE]);
    names.for_each(|name| drop(environment.remove(name)));
    environment
}

pub(super) fn with_file(
    named: Option<&Path>,
    environment: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, WorkError> {
    let path = named.unwrap_or(FILE.as_ref());
    let wrong = |reason: String| WorkError::File { path: path.to_owned(), reason };
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        // that of the system may be another user's: systemd has read it then
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::PermissionDenied => Vec::new(),
        Err(error) => return Err(wrong(error.to_string())),
    };
    let text = String::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8".to_owned()))?;
    let entries = dotenv::parse(&text, &|name| environment.get(name).cloned());
    let entries = entries.map_err(|error| wrong(format!("line {}: {error}", error.line)))?;
    let mut all: BTreeMap<String, String> = entries.into_iter().collect();
    all.extend(environment.clone());
    Ok(all)
}
