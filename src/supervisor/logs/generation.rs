//! The files of one process's log, oldest first.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::index;

/// Rotated files that are looked for at most, whatever the writer's limit was.
const MOST: u32 = 100;

/// A log file with its index.
#[derive(Debug, Clone)]
pub(super) struct LogFile {
    pub(super) log: PathBuf,
    pub(super) index: PathBuf,
    /// `None` without an index of ours.
    pub(super) generation: Option<u64>,
}

/// `<name>.log` and `<name>.idx`, or with `.<age>` behind.
pub(super) fn paths(directory: &Path, name: &str, age: u32) -> (PathBuf, PathBuf) {
    let suffix = if age == 0 { String::new() } else { format!(".{age}") };
    (directory.join(format!("{name}.log{suffix}")), directory.join(format!("{name}.idx{suffix}")))
}

/// `<name>.screen`, or with `.<age>` behind: the screen at the beginning of a terminal's log.
pub(super) fn keyframe_path(directory: &Path, name: &str, age: u32) -> PathBuf {
    let suffix = if age == 0 { String::new() } else { format!(".{age}") };
    directory.join(format!("{name}.screen{suffix}"))
}

/// Removes everything that was kept of a process's output.
pub(crate) fn remove(directory: &Path, name: &str) {
    for age in 0..MOST {
        let (log, index) = paths(directory, name, age);
        let keyframe = keyframe_path(directory, name, age);
        if ![&log, &index, &keyframe].iter().any(|path| path.exists()) && age > 1 {
            return;
        }
        for path in [log, index, keyframe] {
            let _ = fs::remove_file(path);
        }
    }
}

/// The files that exist, oldest first.
pub(super) fn files(directory: &Path, name: &str) -> Vec<LogFile> {
    let mut found: Vec<LogFile> = (0..MOST)
        .map(|age| paths(directory, name, age))
        .enumerate()
        // a rotation under way leaves a gap at the front
        .take_while(|(age, (log, _))| *age <= 1 || log.exists())
        .filter(|(_, (log, _))| log.exists())
        .map(|(_, (log, index))| LogFile { generation: generation_of(&index), log, index })
        .collect();
    found.reverse();
    found
}

/// The generation in an index file.
pub(super) fn generation_of(index: &Path) -> Option<u64> {
    index::read_header(&mut File::open(index).ok()?)
}

/// Names of processes that have a log in this directory.
pub(super) fn names(directory: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(".log").map(str::to_owned))
        .filter(|name| name != "supervisor")
        .collect();
    names.sort();
    names
}
