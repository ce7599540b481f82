//! Directories: copied, exchanged, measured, removed.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::Path;

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::Error;
use crate::report::Failure;
use crate::system::{self, CommandSpec, MARKER, Program};

/// Copies a directory to where nothing is, sharing blocks where the file system can. The program that copies carries
/// `marker`, by which the next command finds one whose harness was killed.
pub(super) async fn copy(store: &str, from: &Path, to: &Path, marker: &str) -> Result<(), Failure> {
    let words = ["cp", "-a", "--reflink=auto", "--"].map(OsString::from).into_iter();
    let program = Program::Argv(words.chain([from.into(), to.into()]).collect());
    let environment = ["PATH", "LANG"].iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)));
    let environment = environment.chain([(MARKER.to_owned(), marker.to_owned())]).collect();
    let spec = CommandSpec { program, ..CommandSpec::shell("", "/", environment) };
    let output = system::run(&spec, |_| {}).await?;
    if output.ending.is_success() {
        return Ok(());
    }
    let ending = output.ending.to_string();
    Err(Error::Copy { store: store.to_owned(), ending, output: output.tail }.into())
}

/// Puts `new` in the place of `current`, where there may be one; what was there is then at `new`, or removed by the
/// caller's next look at `old`.
pub(super) fn put(new: &Path, current: &Path, old: &Path) -> system::Result<()> {
    let rename = |from: &Path, to: &Path| std::fs::rename(from, to).map_err(system::Error::file("replace", to));
    if !current.exists() {
        return rename(new, current);
    }
    if renameat_with(CWD, new, CWD, current, RenameFlags::EXCHANGE).is_ok() {
        return Ok(());
    }
    // not every file system can exchange; cut off between the two, the old one is taken back
    rename(current, old)?;
    rename(new, current)
}

/// Removes a directory, where there is one.
pub(super) fn remove(directory: &Path) -> system::Result<()> {
    match std::fs::remove_dir_all(directory) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(system::Error::file("remove", directory)(error)),
        _ => Ok(()),
    }
}

/// How many bytes the files of a directory take on disk.
pub fn size(directory: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let entries = std::fs::read_dir(directory).into_iter().flatten().filter_map(Result::ok);
    entries
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => size(&entry.path()),
            Ok(metadata) => metadata.blocks() * 512,
            Err(_) => 0,
        })
        .sum()
}

/// The names in a directory; none where there is no directory.
pub(super) fn names(directory: &Path) -> system::Result<Vec<String>> {
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(system::Error::file("read", directory)(error)),
    };
    let mut names: Vec<String> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort_unstable();
    Ok(names)
}
