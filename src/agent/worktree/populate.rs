//! What git does not bring along: files that are not in git, and directories too costly to build again.
//!
//! Each entry of `copy`, `clone` and `.worktreeinclude` is copied once: what an agent removes
//! later stays removed, and an entry that is added later is copied at the next launch. A directory
//! that is in the tree already, because git tracks something in it, gets what it lacks. An entry that names
//! nothing, or only what git has brought, is reported: it would silently do nothing.
//!
//! Directories are cloned copy-on-write where the file system can, else copied; never linked, since a
//! package manager that purges a linked directory purges the original.

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};

use super::entries::{Entry, entries};
use super::git::{Error, ask};
use super::{own_path, work};
use crate::project::WorktreeSettings;
use crate::report::Events;

/// What is not yet copied whole ends in this, so that what has its own name is complete.
pub(super) const PARTIAL: &str = ".harness-partial";

/// A tree to populate.
pub(in crate::agent) struct Population<'a> {
    /// The project's root.
    pub(in crate::agent) root: &'a Path,
    /// The directory that corresponds to it.
    pub(in crate::agent) tree: &'a Path,
    /// What is brought along.
    pub(in crate::agent) settings: &'a WorktreeSettings,
    /// What was brought along by earlier launches; `None` where that is not known.
    pub(in crate::agent) copied: Option<&'a [String]>,
    /// Whether the tree is complete but for entries that were added since.
    pub(in crate::agent) complete: bool,
    /// The stack's, for the programs that copy.
    pub(in crate::agent) marker: &'a str,
    pub(in crate::agent) events: &'a Events,
    /// Whom events are about.
    pub(in crate::agent) subject: &'a str,
}

impl Population<'_> {
    /// Brings along what is missing; returns the paths that have been brought by now. Cut off, it is taken
    /// up again.
    pub(in crate::agent) async fn run(&self) -> Result<Vec<String>, Error> {
        let mut copied = self.copied.unwrap_or_default().to_vec();
        for entry in entries(self.root, self.settings).await? {
            if entry.paths.is_empty() {
                self.warn(&entry, &format!("`{}` has nothing of that name{}", self.root.display(), expected(&entry)));
            }
            for path in entry.paths.iter().filter(|path| !copied.contains(path)).cloned().collect::<Vec<_>>() {
                // a record of an older version does not name what was copied: what is there was
                if !(self.complete && self.copied.is_none() && self.tree.join(&path).exists()) {
                    self.bring(&entry, &path).await?;
                }
                copied.push(path);
            }
        }
        Ok(copied)
    }

    async fn bring(&self, entry: &Entry, path: &str) -> Result<(), Error> {
        let mut missing = Vec::new();
        lacking(self.root, self.tree, Path::new(path), &mut missing);
        if missing.is_empty() {
            if self.root.join(path).is_file() && ask(self.root, &["ls-files", "--error-unmatch", path]).await.is_ok() {
                self.warn(entry, "git tracks it, so the work tree has its own");
            }
            return Ok(());
        }
        self.advise(path);
        let task = self.events.task(self.subject, format!("copy {path} into the work tree"));
        for path in &missing {
            task.detail(path.display().to_string());
            self.copy(path).await?;
        }
        task.finish();
        Ok(())
    }

    async fn copy(&self, path: &Path) -> Result<(), Error> {
        let name = path.display().to_string();
        let failed = |source| Error::Copy { name: name.clone(), tree: self.tree.to_owned(), source };
        let (target, source) = (self.tree.join(path), self.root.join(path));
        let partial = PathBuf::from(format!("{}{PARTIAL}", target.display()));
        if let Some(parent) = target.parent() {
            std::fs::create_dir_all(parent).map_err(failed)?;
        }
        remove(&partial).map_err(failed)?;
        let program = ["cp", "-a", "--reflink=auto", "--"].map(OsStr::new);
        let program = [&program[..], &[source.as_os_str(), partial.as_os_str()]].concat();
        let output = work::run(&program, self.root, self.marker, None).await?;
        if !output.ending.is_success() {
            return Err(failed(std::io::Error::other(output.tail.join("; "))));
        }
        let (from, to, copy) = (self.root.to_owned(), self.tree.to_owned(), partial.clone());
        let moved = tokio::task::spawn_blocking(move || own_path::move_paths(&copy, &from, &to)).await;
        let moved = moved.map_err(std::io::Error::other).and_then(|moved| moved).map_err(failed)?;
        if moved > 0 {
            let text = format!("`{name}` held its own path: {moved} files of the copy name the work tree now");
            self.events.note(self.subject, text);
        }
        std::fs::rename(&partial, &target).map_err(failed)
    }

    /// Says where copying is the slower way.
    fn advise(&self, path: &str) {
        let is_pnpm = self.root.join(path).join(".pnpm").is_dir();
        if is_pnpm && !has_reflinks(self.root, self.tree) {
            let text = format!(
                "`{path}` is copied file by file, since this file system has no reflinks; `pnpm install --offline \
                 --frozen-lockfile` as a step of `[prepare]` takes it from the store in less time and space: take \
                 `{path}` out of `[worktree] clone`"
            );
            self.events.warning(self.subject, text);
        }
    }

    fn warn(&self, entry: &Entry, why: &str) {
        let text = format!("`{}` in {} brings nothing along: {why}", entry.text, entry.origin);
        self.events.warn_once(self.subject, text);
    }
}

/// What else must hold of an entry.
fn expected(entry: &Entry) -> &'static str {
    if entry.origin == ".worktreeinclude" { " that git ignores" } else { "" }
}

/// The topmost paths at or below `path` that the tree lacks.
fn lacking(root: &Path, tree: &Path, path: &Path, missing: &mut Vec<PathBuf>) {
    let (source, target) = (root.join(path), tree.join(path));
    let Ok(there) = target.symlink_metadata() else {
        missing.push(path.to_owned());
        return;
    };
    let is_directory = source.symlink_metadata().is_ok_and(|metadata| metadata.is_dir());
    if !is_directory || !there.is_dir() {
        return;
    }
    let mut names: Vec<_> = std::fs::read_dir(&source)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.file_name()))
        .filter(|name| name != ".git" && !name.to_string_lossy().ends_with(PARTIAL))
        .collect();
    names.sort_unstable();
    for name in names {
        let below = path.join(name);
        // a work tree may lie in a directory of the root that it is populated from
        if !tree.starts_with(root.join(&below)) {
            lacking(root, tree, &below, missing);
        }
    }
}

/// Whether a file of the root can be cloned into the tree without copying its blocks.
fn has_reflinks(root: &Path, tree: &Path) -> bool {
    let source = File::open(root.join(crate::project::FILE));
    let target = tempfile::tempfile_in(tree);
    matches!((source, target), (Ok(source), Ok(target)) if rustix::fs::ioctl_ficlone(&target, &source).is_ok())
}

/// What a copy that was cut off has left.
fn remove(partial: &Path) -> std::io::Result<()> {
    match std::fs::symlink_metadata(partial) {
        Ok(metadata) if metadata.is_dir() => std::fs::remove_dir_all(partial),
        Ok(_) => std::fs::remove_file(partial),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
