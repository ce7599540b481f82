//! Keeps rendered files out of git, through the repository's own `info/exclude`: no tracked file is
//! touched, and every linked work tree shares it.

use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use super::error::{RenderError, Result};
use crate::system::{Git, GitError};

/// Adds a file to `info/exclude` of the repository that its directory belongs to. Does nothing where
/// there is no repository, no git, or the line is there already.
pub fn keep_out_of_git(path: &Path) -> Result<()> {
    let failed = |source| RenderError::Git { path: path.to_owned(), source };
    let (Some(directory), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        return Ok(());
    };
    let Some((exclude, prefix)) = locate(directory).map_err(failed)? else { return Ok(()) };
    let pattern = format!("/{}{}", escape(&prefix), escape(name));
    let present = match std::fs::read_to_string(&exclude) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => return Err(failed(error)),
    };
    if present.lines().any(|line| line == pattern) {
        return Ok(());
    }
    if let Some(parent) = exclude.parent() {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    let newline = if present.is_empty() || present.ends_with('\n') { "" } else { "\n" };
    // one write in append mode: of several launches at once none loses a line; the lock is for a removal
    let mut file = OpenOptions::new().append(true).create(true).open(&exclude).map_err(failed)?;
    flock(&file, FlockOperation::LockExclusive).map_err(|error| failed(error.into()))?;
    file.write_all(format!("{newline}{pattern}\n").as_bytes()).map_err(failed)
}

/// Takes a file, `below` a directory of a repository, out of `info/exclude` again. Nothing is lost of
/// what others write there meanwhile.
pub fn readmit_to_git(directory: &Path, below: &Path) -> Result<()> {
    let failed = |source| RenderError::Git { path: directory.join(below), source };
    let (Some(below), true) = (below.to_str(), directory.is_dir()) else { return Ok(()) };
    let Some((exclude, prefix)) = locate(directory).map_err(failed)? else { return Ok(()) };
    let pattern = format!("/{}{}", escape(&prefix), escape(below));
    let mut file = match OpenOptions::new().read(true).write(true).open(&exclude) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    flock(&file, FlockOperation::LockExclusive).map_err(|error| failed(error.into()))?;
    let mut present = String::new();
    file.read_to_string(&mut present).map_err(failed)?;
    let kept: String = present.split_inclusive('\n').filter(|line| line.trim_end_matches('\n') != pattern).collect();
    if kept.len() < present.len() {
        // in place: the lock is on this file
        file.rewind().and_then(|()| file.write_all(kept.as_bytes())).map_err(failed)?;
        file.set_len(kept.len() as u64).map_err(failed)?;
    }
    Ok(())
}

/// Which of `paths`, below `directory`, the repository tracks. None where there is no repository.
pub(super) fn tracked(directory: &Path, paths: &[&Path]) -> Vec<PathBuf> {
    let mut arguments: Vec<&OsStr> = ["--literal-pathspecs", "ls-files", "-z", "--"].map(OsStr::new).to_vec();
    arguments.extend(paths.iter().map(|path| path.as_os_str()));
    let Ok(output) = git(directory).output_blocking(&arguments) else { return Vec::new() };
    let text = output.text();
    text.split('\0').filter(|name| !name.is_empty()).map(PathBuf::from).collect()
}

/// `info/exclude` of the repository, and the path of `directory` in it, ending in `/` unless empty.
fn locate(directory: &Path) -> std::io::Result<Option<(PathBuf, String)>> {
    let arguments = ["rev-parse", "--git-path", "info/exclude", "--show-prefix"];
    let output = match git(directory).output_blocking(&arguments) {
        Ok(output) => output,
        Err(GitError::Missing(error)) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(GitError::Missing(error)) => return Err(error),
        Err(error) => return Err(std::io::Error::other(error)),
    };
    let text = output.text();
    let mut lines = text.lines();
    let exclude = lines.next().filter(|line| output.success && !line.is_empty());
    Ok(exclude.map(|exclude| (directory.join(exclude), lines.next().unwrap_or_default().to_owned())))
}

/// git in `directory`. Who owns the repository does not matter for these questions: they run nothing of it.
fn git(directory: &Path) -> Git {
    Git::asking(directory).set("safe.directory=*")
}

/// A name as a pattern that means only itself.
fn escape(name: &str) -> String {
    let special = |character: char| matches!(character, '\\' | '*' | '?' | '[' | ' ' | '!' | '#');
    let escaped = name.chars().flat_map(|character| special(character).then_some('\\').into_iter().chain([character]));
    escaped.collect()
}
