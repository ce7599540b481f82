//! The hook installed, removed, and brought to trees that are made later.

use std::path::Path;

use super::super::Error;
use super::folders::{Folders, pre_commit};
use super::own;
use super::script::{asks_harness, gate, is_ours};
use crate::report::{Hook, HookOutcome};
use crate::system;

/// Installs the hook into the repository of `tree`, for all its work trees. `program` is harness itself, for when it is
/// not on PATH.
///
/// # Errors
/// No repository, or a hook that is not ours in the repository's own folder.
pub async fn install(tree: &Path, program: &Path) -> Result<Hook, Error> {
    let folders = Folders::of(tree).await?;
    let (mut trees, mut shared) = (Vec::new(), None);
    for other in &folders.trees {
        match Folders::of(other).await {
            Ok(other) if other.is_configured() => trees.push(other),
            Ok(other) => shared = Some(other),
            // that of a tree which git does not understand is not ours to judge
            Err(_) if *other != folders.top => {}
            Err(error) => return Err(error),
        }
    }
    let mut outcome = HookOutcome::Unchanged;
    if let Some(shared) = shared {
        let put = put(&shared.default, &gate(program));
        match put {
            Ok(done) => outcome = done,
            Err(Error::ForeignHook(_)) if folders.is_configured() => {}
            Err(error) => return Err(error),
        }
    }
    for other in &trees {
        let written = own::write(&other.own, &other.present, program)?;
        let entered = own::enter(&other.top, &other.own).await?;
        if other.top == folders.top {
            outcome = match written {
                HookOutcome::Unchanged if entered => HookOutcome::Installed,
                written => written,
            };
        }
    }
    let place = if folders.is_configured() { &folders.own } else { &folders.default };
    Ok(report(place, outcome))
}

/// Removes the hook, if it is ours.
///
/// # Errors
/// As for [`install`].
pub async fn remove(tree: &Path) -> Result<Hook, Error> {
    let folders = Folders::of(tree).await?;
    for other in &folders.trees {
        own::leave(other, &folders.own).await?;
    }
    let gone = own::remove(&folders.own)?;
    // also where an earlier harness has put it: into the folder of each tree
    let mut former = Vec::new();
    for other in &folders.trees {
        if let Ok(other) = Folders::of(other).await
            && !former.contains(&other.present)
        {
            former.push(other.present);
        }
    }
    let now = Folders::of(tree).await?;
    let outcome = match take_away(&now.present) {
        Err(Error::ForeignHook(_)) if gone => HookOutcome::Removed,
        outcome => outcome?,
    };
    for other in former.iter().chain([&folders.default]).filter(|other| **other != now.present) {
        match take_away(other) {
            Ok(_) | Err(Error::ForeignHook(_)) => {}
            Err(error) => return Err(error),
        }
    }
    if gone {
        return Ok(report(&folders.own, HookOutcome::Removed));
    }
    Ok(report(&now.present, outcome))
}

/// Brings the gate of the project's root to a work tree whose git looks for hooks elsewhere. Says whether it did.
///
/// # Errors
/// git cannot be asked, or the hook cannot be written.
pub async fn extend(root: &Path, tree: &Path, program: &Path) -> Result<bool, Error> {
    let (Ok(from), Ok(to)) = (Folders::of(root).await, Folders::of(tree).await) else { return Ok(false) };
    let gated = is_gated(&from.present)? || is_gated(&from.default)? || own::exists(&from.own);
    if from.own != to.own || !gated || !to.is_configured() || to.present == to.own {
        return Ok(false);
    }
    own::write(&to.own, &to.present, program)?;
    own::enter(&to.top, &to.own).await
}

/// Whether the hook in `folder` asks harness, itself or through the one that husky's calls.
fn is_gated(folder: &Path) -> Result<bool, Error> {
    let own = read(&pre_commit(folder))?;
    let called = folder.parent().filter(|_| folder.ends_with("_")).map(pre_commit);
    let called = called.map(|path| read(&path)).transpose()?.flatten();
    Ok([own, called].into_iter().flatten().any(|script| asks_harness(&script)))
}

fn put(folder: &Path, script: &str) -> Result<HookOutcome, Error> {
    let path = pre_commit(folder);
    let outcome = match read(&path)? {
        Some(present) if !is_ours(&present) => return Err(Error::ForeignHook(path)),
        Some(present) if present == script => HookOutcome::Unchanged,
        Some(_) => HookOutcome::Updated,
        None => HookOutcome::Installed,
    };
    if outcome != HookOutcome::Unchanged {
        std::fs::create_dir_all(folder).map_err(system::Error::file("create", folder))?;
        system::write_atomic(&path, script.as_bytes(), 0o755)?;
    }
    Ok(outcome)
}

fn take_away(folder: &Path) -> Result<HookOutcome, Error> {
    let path = pre_commit(folder);
    match read(&path)? {
        Some(present) if !is_ours(&present) => Err(Error::ForeignHook(path)),
        Some(_) => {
            system::remove_if_exists(&path)?;
            Ok(HookOutcome::Removed)
        }
        None => Ok(HookOutcome::Unchanged),
    }
}

fn report(folder: &Path, outcome: HookOutcome) -> Hook {
    Hook { schema: "harness/hook/1".to_owned(), path: pre_commit(folder).display().to_string(), outcome }
}

fn read(path: &Path) -> Result<Option<String>, Error> {
    // of a folder that is none (`/dev/null` switches hooks off) nothing can be read
    if !path.exists() {
        return Ok(None);
    }
    let bytes = system::read_optional(path)?;
    Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}
