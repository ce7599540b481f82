//! Deleting a directory that may hold a million files, without waiting for it.
//!
//! The directory is renamed aside, so that its path is free at once, and deleted by a process of its own.
//! A note in the home's `removed/` names what was renamed, so that what a reboot interrupts is deleted by
//! the next teardown or `gc`. Where no note can be written (a full disk), the deletion is waited for.
//! Other file systems that are mounted inside are not entered.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::system::{self, Home};

/// How long a deletion is waited for: most directories are small.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a directory that was renamed aside is called.
const PREFIX: &str = ".harness-removed-";

/// `$1` is deleted, then the note `$2`. What was made read-only (Go's module cache) is made writable first.
const SCRIPT: &str = r#"trap '' HUP INT
mount=--one-file-system
rm $mount -f -- "$2.none" 2>/dev/null || mount=
rm -rf $mount -- "$1" 2>/dev/null || { chmod -R u+rwX -- "$1" 2>/dev/null; rm -rf $mount -- "$1" 2>/dev/null; }
[ -e "$1" ] || rm -f -- "$2""#;

/// Frees the path `directory`, and deletes what was there. `shelter` is where it is renamed to if that is on the
/// same file system, else it stays beside its old place.
///
/// # Errors
/// It cannot be renamed.
pub(super) async fn delete(home: &Home, directory: &Path, shelter: &Path) -> system::Result<()> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("{PREFIX}{}-{number}-{}", std::process::id(), jiff::Timestamp::now().as_millisecond());
    let removed = home.path().join("removed");
    let note = removed.join(&name);
    let beside = directory.with_file_name(&name);
    let sheltered = shelter.join(&name);
    let candidates = [sheltered, beside];
    let is_listed = system::create_private_dir(&removed, 0o700).is_ok()
        && std::fs::write(&note, candidates.each_ref().map(|path| format!("{}\n", path.display())).concat()).is_ok();
    let renamed = candidates.iter().find(|target| std::fs::rename(directory, target).is_ok());
    let Some(aside) = renamed else {
        let _ = std::fs::remove_file(&note);
        return std::fs::rename(directory, &candidates[1]).map_err(system::Error::file("move aside", directory));
    };
    start(aside, &note, !is_listed).await;
    Ok(())
}

/// Deletes what former commands began to delete. Says how many there were.
pub(in crate::agent) async fn sweep(home: &Home, dry_run: bool) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for note in std::fs::read_dir(home.path().join("removed")).into_iter().flatten().filter_map(Result::ok) {
        let Ok(text) = std::fs::read_to_string(note.path()) else { continue };
        let is_ours = |path: &&Path| path.file_name() == Some(&note.file_name()) && path.exists();
        let there: Vec<&Path> = text.lines().map(Path::new).filter(is_ours).collect();
        found.extend(there.iter().map(|path| path.to_path_buf()));
        if dry_run {
            continue;
        }
        for path in &there {
            start(path, &note.path(), false).await;
        }
        if there.is_empty() {
            let _ = std::fs::remove_file(note.path());
        }
    }
    found
}

/// Starts the deletion in a process of its own, which outlives this one.
async fn start(directory: &Path, note: &Path, wait: bool) {
    use std::os::unix::process::CommandExt;
    let spawned = Command::new("/bin/sh")
        .args(["-c", SCRIPT, "sh"])
        .args([directory, note])
        .current_dir("/")
        .env_remove(system::MARKER)
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    // without a process the note stays, and the next command tries again
    let Ok(child) = spawned else { return };
    let patience = if wait { Duration::from_hours(1) } else { PATIENCE };
    let ended = async {
        let mut child = child;
        while matches!(child.try_wait(), Ok(None)) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let _ = tokio::time::timeout(patience, ended).await;
}
