//! The files of a home that belong into a backup: those of `harness serve`, and the keys that sign evidence.
//!
//! Where a server listens, and who holds a lock, is of the moment. Records and leases of agents come back with the agents.

use std::path::Path;

use super::error::Error;
use super::manifest::Manifest;
use crate::agent::Context;
use crate::report::Failure;
use crate::serve;
use crate::system;

/// The part of a backup that has them.
const STATE: &str = "state";
/// The database of `harness serve` in it.
const DATABASE: &str = "state/serve/harness.db";
/// The directories of a home whose files are copied.
const DIRECTORIES: [&str; 2] = ["serve", "evidence"];

/// Whether a file is copied as it is.
fn is_kept(name: &str) -> bool {
    let of_the_moment = ["address.json", "gateway.json"].contains(&name) || name.starts_with('.');
    let is_lock = Path::new(name).extension().is_some_and(|extension| extension == "lock") || name == "lock";
    !of_the_moment && !is_lock && !name.starts_with("harness.db")
}

/// Copies them into the backup at `directory`; says whether there is a database of `harness serve`.
pub(super) fn save(context: &Context, directory: &Path) -> Result<bool, Failure> {
    for name in DIRECTORIES {
        let (from, to) = (context.home.path().join(name), directory.join(STATE).join(name));
        system::create_private_dir(&to, 0o700)?;
        let Ok(entries) = std::fs::read_dir(&from) else { continue };
        for entry in entries.flatten() {
            let file = entry.file_name().to_string_lossy().into_owned();
            if !entry.path().is_file() || !is_kept(&file) {
                continue;
            }
            // replaced or removed meanwhile is not half written: they are all written beside and renamed
            if let Some(bytes) = system::read_optional(&entry.path())? {
                system::write_atomic(&to.join(file), &bytes, 0o600)?;
            }
        }
    }
    serve::save_database(&context.home, &context.environment, &directory.join(DATABASE))
}

/// The files of the home that a restore would replace, by their paths below it.
pub(super) fn replaced(context: &Context, manifest: &Manifest) -> Vec<String> {
    let home = context.home.path();
    names(manifest).filter(|name| home.join(name).exists()).map(ToOwned::to_owned).collect()
}

fn names(manifest: &Manifest) -> impl Iterator<Item = &str> {
    manifest.files.keys().filter_map(|file| file.strip_prefix(STATE)?.strip_prefix('/'))
}

/// Puts them back; returns their paths below the home.
///
/// # Errors
/// `harness serve` runs, or a file cannot be written.
pub(super) fn restore(context: &Context, directory: &Path, manifest: &Manifest) -> Result<Vec<String>, Failure> {
    let mut restored = Vec::new();
    if names(manifest).next().is_none() {
        return Ok(restored);
    }
    let _not_served = serve::keep_from_serving(&context.home)?;
    for name in names(manifest) {
        let from = directory.join(STATE).join(name);
        let to = match name {
            "serve/harness.db" => serve::place_of_database(&context.home, &context.environment)?,
            _ => context.home.path().join(name),
        };
        if let Some(parent) = to.parent() {
            system::create_private_dir(parent, 0o700)?;
        }
        let bytes = system::read_optional(&from)?;
        let bytes = bytes.ok_or_else(|| Error::Damaged { file: name.to_owned(), what: "is missing" })?;
        system::write_atomic(&to, &bytes, 0o600)?;
        restored.push(name.to_owned());
    }
    Ok(restored)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_of_the_moment_is_left_out() {
        for name in ["token", "serve.toml", "authority.pem", "authority.key", "key.pem"] {
            assert!(is_kept(name), "{name}");
        }
        for name in ["lock", "authority.lock", "address.json", "gateway.json", "harness.db", "harness.db-wal", ".tmp-x"]
        {
            assert!(!is_kept(name), "{name}");
        }
    }
}
