//! The lines that keep files out of git: written, read, taken out.

use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use super::location::{EXCLUDE, git, locate, unescape};
use super::trees::{exclude_no_more, include};
use crate::render::error::{RenderError, Result};

/// Ends what was copied from the user's global excludes.
const OWN_LINES: &str = "# written by harness:";

/// Keeps a file or directory out of the git of the repository that its parent belongs to. Does nothing where
/// there is no repository, no git, or the line is there already.
///
/// # Errors
/// The exclude file or the repository's configuration cannot be written.
pub fn keep_out_of_git(path: &Path) -> Result<()> {
    let failed = |source| RenderError::Git { path: path.to_owned(), source };
    let (Some(directory), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        return Ok(());
    };
    // of a directory that is still to be made, the nearest one that is there knows the repository
    let there = directory.ancestors().find(|above| above.is_dir()).unwrap_or(directory);
    let Some(location) = locate(there).map_err(failed)? else { return Ok(()) };
    let below = directory.strip_prefix(there).unwrap_or(Path::new("")).join(name);
    let pattern = location.pattern(&below.to_string_lossy());
    let present = read(&location.file).map_err(failed)?;
    if present.lines().any(|line| line == pattern) {
        return Ok(());
    }
    if let Some(parent) = location.file.parent() {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    let mut text = if present.is_empty() || present.ends_with('\n') { String::new() } else { "\n".to_owned() };
    if let Some((git_dir, common)) = location.linked.as_ref().filter(|_| present.is_empty()) {
        include(git_dir, common).map_err(failed)?;
        text = format!("{}\n{OWN_LINES}\n", global_excludes(there).trim_end());
    }
    // one write in append mode: of several launches at once none loses a line; the lock is for a removal
    let mut file = OpenOptions::new().append(true).create(true).open(&location.file).map_err(failed)?;
    flock(&file, FlockOperation::LockExclusive).map_err(|error| failed(error.into()))?;
    file.write_all(format!("{text}{pattern}\n").as_bytes()).map_err(failed)
}

/// The lines that keep `below`, paths in `directory`, out of git, as far as they are there.
///
/// # Errors
/// The exclude file cannot be read.
pub fn exclude_lines(directory: &Path, below: &[PathBuf]) -> Result<Vec<String>> {
    let failed = |source| RenderError::Git { path: directory.to_owned(), source };
    let Some(location) = locate(directory).map_err(failed)? else { return Ok(Vec::new()) };
    let present = read(&location.file).map_err(failed)?;
    let patterns = below.iter().map(|path| location.pattern(&path.to_string_lossy()));
    Ok(patterns.filter(|pattern| present.lines().any(|line| line == pattern)).collect())
}

/// The paths in `directory` that a line keeps out of git, whoever wrote it; in a linked work tree, harness's own lines.
///
/// # Errors
/// The exclude file cannot be read.
pub fn excluded_paths(directory: &Path) -> Result<Vec<PathBuf>> {
    let failed = |source| RenderError::Git { path: directory.to_owned(), source };
    let Some(location) = locate(directory).map_err(failed)? else { return Ok(Vec::new()) };
    let present = read(&location.file).map_err(failed)?;
    let own = present.split_once(OWN_LINES).filter(|_| location.linked.is_some()).map_or(&*present, |(_, own)| own);
    let prefix = location.pattern("");
    // a pattern that means one name, as harness writes it
    let names = own.lines().filter_map(|line| line.strip_prefix(&prefix)).map(unescape);
    Ok(names.filter(|name| !name.is_empty()).map(PathBuf::from).collect())
}

/// Takes the lines of `below`, paths in `directory`, out again. Nothing is lost of what others write meanwhile.
///
/// # Errors
/// The exclude file or the repository's configuration cannot be written.
pub fn readmit_to_git(directory: &Path, below: &[PathBuf]) -> Result<()> {
    let failed = |source| RenderError::Git { path: directory.to_owned(), source };
    let Some(location) = locate(directory).map_err(failed)? else { return Ok(()) };
    let patterns: Vec<String> = below.iter().map(|path| location.pattern(&path.to_string_lossy())).collect();
    let mut file = match OpenOptions::new().read(true).write(true).open(&location.file) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    flock(&file, FlockOperation::LockExclusive).map_err(|error| failed(error.into()))?;
    let mut present = String::new();
    file.read_to_string(&mut present).map_err(failed)?;
    let is_own = |line: &str| patterns.iter().any(|pattern| line.trim_end_matches('\n') == pattern);
    let kept: String = present.split_inclusive('\n').filter(|line| !is_own(line)).collect();
    if kept.len() < present.len() {
        // in place: the lock is on this file
        file.rewind().and_then(|()| file.write_all(kept.as_bytes())).map_err(failed)?;
        file.set_len(kept.len() as u64).map_err(failed)?;
    }
    if let Some((git_dir, common)) = location.linked.filter(|_| kept.trim_end().ends_with(OWN_LINES)) {
        exclude_no_more(&git_dir, &common).map_err(failed)?;
    }
    Ok(())
}

/// What the user's own excludes file says.
fn global_excludes(directory: &Path) -> String {
    let listed = git(directory).output_blocking(&["config", "--type=path", "--get-all", "core.excludesFile"]);
    let listed = listed.map(|output| output.text()).unwrap_or_default();
    let named = listed.lines().rfind(|path| !path.ends_with(EXCLUDE)).map(PathBuf::from);
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config"));
    let usual = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).or(home).map(|it| it.join("git/ignore"));
    named.or(usual).and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default()
}

fn read(file: &Path) -> std::io::Result<String> {
    match std::fs::read_to_string(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        other => other,
    }
}

/// Which of `paths`, below `directory`, the repository tracks. None where there is no repository.
pub(in crate::render) fn tracked(directory: &Path, paths: &[&Path]) -> Vec<PathBuf> {
    let mut arguments: Vec<&OsStr> = ["--literal-pathspecs", "ls-files", "-z", "--"].map(OsStr::new).to_vec();
    arguments.extend(paths.iter().map(|path| path.as_os_str()));
    let Ok(output) = git(directory).output_blocking(&arguments) else { return Vec::new() };
    let text = output.text();
    text.split('\0').filter(|name| !name.is_empty()).map(PathBuf::from).collect()
}
