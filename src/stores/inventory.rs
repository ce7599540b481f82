//! The templates of stores that are in a home, and which go.

use std::path::{Path, PathBuf};

use super::build::end;
use super::copy::{names, remove, size};
use super::data::Mark;
use crate::report::Failure;
use crate::system::{self, FileLock, Home};

/// What is not complete ends in this.
pub(super) const BUILDING: &str = "building";
/// Templates that are kept of each store of a project.
const KEPT: usize = 3;

/// Where templates are.
pub(super) fn directory(home: &Home) -> PathBuf {
    home.path().join("stores")
}

pub(super) fn of(home: &Home, template: &str) -> PathBuf {
    directory(home).join(template)
}

pub(super) fn lock_path(home: &Home, template: &str) -> PathBuf {
    of(home, template).with_extension("lock")
}

/// A template that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreTemplate {
    /// Its name: 12 hexadecimal digits.
    pub name: String,
    /// The store.
    pub store: String,
    /// The project.
    pub project: String,
    /// What it takes on disk.
    pub bytes: u64,
    /// When it was made, RFC 3339.
    pub made_at: String,
}

/// The templates that are there, oldest first.
///
/// # Errors
/// They cannot be read.
pub fn templates(home: &Home) -> system::Result<Vec<StoreTemplate>> {
    let mut found: Vec<StoreTemplate> = marked(home)?
        .into_iter()
        .map(|(unit, mark)| StoreTemplate {
            name: mark.template.unwrap_or_default(),
            store: mark.store,
            project: mark.project,
            bytes: size(&unit),
            made_at: mark.made_at,
        })
        .collect();
    found.sort_by(|left, right| left.made_at.cmp(&right.made_at));
    Ok(found)
}

fn marked(home: &Home) -> system::Result<Vec<(PathBuf, Mark)>> {
    let mut found = Vec::new();
    for name in names(&directory(home))?.iter().filter(|name| !name.contains('.')) {
        let unit = of(home, name);
        found.extend(Mark::read(&unit)?.map(|mark| (unit, mark)));
    }
    Ok(found)
}

/// Removes the oldest templates of a store. No agent depends on one: what it has is a copy.
pub(super) fn prune(home: &Home, newest: &Mark) -> system::Result<()> {
    let mut same = marked(home)?;
    same.retain(|(_, mark)| mark.store == newest.store && mark.project == newest.project);
    same.sort_by(|(_, left), (_, right)| right.made_at.cmp(&left.made_at));
    for (unit, mark) in same.into_iter().skip(KEPT) {
        let Some(template) = mark.template else { continue };
        // one that is being copied has no lock, so that it goes under another name first: `cp` has it open
        if let Ok(_lock) = FileLock::try_acquire(&lock_path(home, &template), "drop a store's template")? {
            let gone = unit.with_extension("old");
            std::fs::rename(&unit, &gone).map_err(system::Error::file("remove", &unit))?;
            remove(&gone)?;
        }
    }
    Ok(())
}

/// Ends the builds that killed commands have left, and removes their files; returns what they were. With `dry_run` only
/// looks.
///
/// # Errors
/// They cannot be ended or removed.
pub async fn end_abandoned_builds(home: &Home, dry_run: bool) -> Result<Vec<PathBuf>, Failure> {
    let mut ended = Vec::new();
    for name in names(&directory(home))? {
        let path = of(home, &name);
        let Some(template) = name.strip_suffix(&format!(".{BUILDING}")) else {
            if Path::new(&name).extension().is_some_and(|extension| extension == "old") {
                remove(&path)?;
            }
            continue;
        };
        if let Ok(_lock) = FileLock::try_acquire(&lock_path(home, template), "end a build")? {
            if !dry_run {
                end(home, &path, template).await?;
            }
            ended.push(path);
        }
    }
    Ok(ended)
}

/// Removes all templates; returns their directories. With `dry_run` only looks.
///
/// # Errors
/// They cannot be removed.
pub async fn remove_all(home: &Home, dry_run: bool) -> Result<Vec<PathBuf>, Failure> {
    let mut found = end_abandoned_builds(home, dry_run).await?;
    found.extend(marked(home)?.into_iter().map(|(path, _)| path));
    if !dry_run {
        remove(&directory(home))?;
    }
    Ok(found)
}
