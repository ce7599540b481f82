//! Writing one process's log.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::Stream;
use super::generation::{generation_of, paths};
use super::index::{self, Mark};

/// Reads closer together than this, of the same stream, share an entry of the index.
const RESOLUTION_US: u64 = 500;

/// When a log is rotated.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Size in bytes from which on it is rotated at the next line's end.
    pub(crate) bytes: u64,
    /// Rotated files that are kept.
    pub(crate) files: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 10 << 20, files: 5 }
    }
}

/// The log of one process, open for writing.
#[derive(Debug)]
pub(crate) struct Writer {
    directory: PathBuf,
    name: String,
    limits: Limits,
    open: Option<Open>,
    generation: u64,
    last: Option<(u64, Stream)>,
    lost: u64,
}

#[derive(Debug)]
struct Open {
    log: File,
    index: File,
    device: u64,
    inode: u64,
    offset: u64,
}

impl Writer {
    /// A log in `directory`; nothing is opened before something is written.
    pub(crate) fn new(directory: &Path, name: &str, limits: Limits) -> Self {
        let generation = (0..=limits.files + 1)
            .filter_map(|age| generation_of(&paths(directory, name, age).1))
            .max()
            .unwrap_or_default();
        Self {
            directory: directory.to_owned(),
            name: name.to_owned(),
            limits,
            open: None,
            generation,
            last: None,
            lost: 0,
        }
    }

    /// Bytes that could not be written.
    pub(crate) fn lost(&self) -> u64 {
        self.lost
    }

    /// Adds what was read just now. What cannot be written is counted.
    pub(crate) fn append(&mut self, stream: Stream, bytes: &[u8]) {
        let time_us = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
        let time_us = u64::try_from(time_us).unwrap_or_default();
        let mut rest = bytes;
        while !rest.is_empty() {
            let Ok(offset) = self.prepare() else {
                self.lost += rest.len() as u64;
                return;
            };
            let (now, later) = rest.split_at(split_point(rest, offset, self.limits.bytes));
            if now.is_empty() || self.write(time_us, stream, now).is_err() {
                self.lost += now.len() as u64;
            }
            if !later.is_empty() && self.rotate().is_err() {
                self.lost += later.len() as u64;
                return;
            }
            rest = later;
        }
    }

    /// Makes sure that the right file is open; says how long it is.
    fn prepare(&mut self) -> io::Result<u64> {
        let (log_path, _) = paths(&self.directory, &self.name, 0);
        if let Some(open) = &self.open {
            let there = fs::metadata(&log_path).is_ok_and(|it| {
                it.dev() == open.device && it.ino() == open.inode && (it.len() >= open.offset || !it.is_file())
            });
            if !there {
                // somebody deleted, renamed or truncated it
                self.open = None;
                self.generation += 1;
            }
        }
        match &self.open {
            Some(open) => Ok(open.offset),
            None => self.reopen(),
        }
    }

    fn reopen(&mut self) -> io::Result<u64> {
        let (log_path, index_path) = paths(&self.directory, &self.name, 0);
        let append = |path: &Path| OpenOptions::new().append(true).create(true).mode(0o600).open(path);
        let log = append(&log_path)?;
        let metadata = log.metadata()?;
        let offset = if metadata.is_file() { metadata.len() } else { 0 };
        let continues = offset > 0 && generation_of(&index_path) == Some(self.generation);
        if !continues {
            self.generation += 1;
            let _ = fs::remove_file(&index_path);
        }
        let mut index = append(&index_path)?;
        if !continues {
            index::write_header(&mut index, self.generation)?;
        }
        self.last = None;
        self.open = Some(Open { log, index, device: metadata.dev(), inode: metadata.ino(), offset });
        Ok(offset)
    }

    fn write(&mut self, time_us: u64, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        let Some(open) = &mut self.open else { return Err(io::ErrorKind::NotFound.into()) };
        let fresh = self.last.is_none_or(|(last, of)| of != stream || time_us.saturating_sub(last) > RESOLUTION_US);
        if fresh {
            // before the data: an entry for bytes that do not follow harms nobody
            index::write_mark(&mut open.index, Mark { offset: open.offset, time_us, stream })?;
            self.last = Some((time_us, stream));
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            match open.log.write(rest) {
                Ok(0) => break,
                Ok(written) => {
                    open.offset += written as u64;
                    rest = &rest[written..];
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        self.lost += rest.len() as u64;
        Ok(())
    }

    fn rotate(&mut self) -> io::Result<()> {
        self.open = None;
        let (oldest_log, oldest_index) = paths(&self.directory, &self.name, self.limits.files);
        let _ = fs::remove_file(oldest_log);
        let _ = fs::remove_file(oldest_index);
        for age in (0..self.limits.files).rev() {
            let (from, to) = (paths(&self.directory, &self.name, age), paths(&self.directory, &self.name, age + 1));
            // the index first: a log without one is still read, an index alone is not
            let _ = fs::rename(from.1, to.1);
            let _ = fs::rename(from.0, to.0);
        }
        self.reopen().map(drop)
    }
}

/// How many of `bytes` go into a file of length `offset`: all when they fit, else up to the last line's end
/// that fits, else up to the first one that does not. A line that fills a whole file more is cut.
fn split_point(bytes: &[u8], offset: u64, limit: u64) -> usize {
    let room = usize::try_from(limit.saturating_sub(offset)).unwrap_or(usize::MAX);
    if bytes.len() <= room {
        return bytes.len();
    }
    let newline = |byte: &u8| *byte == b'\n';
    let fitting = bytes[..room].iter().rposition(newline);
    let next = || bytes[room..].iter().position(newline).map(|at| at + room);
    match fitting.or_else(next) {
        Some(at) => at + 1,
        None if offset >= limit.saturating_mul(2) => 0,
        None => bytes.len(),
    }
}
