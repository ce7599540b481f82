//! Writing one process's log.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::BorrowedFd;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::pipe::{SpliceFlags, splice};

use super::Stream;
use super::generation::{generation_of, keyframe_path, paths};
use super::index::{self, Mark};
use super::tail;

/// Reads closer together than this, of the same stream, share an entry of the index.
const RESOLUTION_US: u64 = 500;

/// Between two looks whether the file is still the one at its path.
const INSPECTION_US: u64 = 10_000;

/// When a log is rotated.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Size in bytes from which on it is rotated at the next line's end.
    pub(crate) bytes: u64,
    /// Rotated files that are kept.
    pub(crate) files: u32,
}

impl Limits {
    /// Of a terminal: [`Writer::turn`] rotates. A file is as short as can be read at once by who joins.
    pub(crate) const TERMINAL: Self = Self { bytes: u64::MAX, files: 8 };
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
    /// Of these, what the log does not speak of yet.
    unsaid: u64,
}

#[derive(Debug)]
struct Open {
    log: File,
    index: File,
    device: u64,
    inode: u64,
    /// Where the next byte goes. Not `O_APPEND`: the kernel moves pipes' pages to an offset only.
    offset: u64,
    /// An ordinary file, and not a device or a pipe that was put in its place.
    regular: bool,
    inspected_us: u64,
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
            unsaid: 0,
        }
    }

    /// Bytes that could not be written.
    pub(crate) fn lost(&self) -> u64 {
        self.lost
    }

    /// Adds what was read just now. What cannot be written is counted.
    pub(crate) fn append(&mut self, stream: Stream, bytes: &[u8]) {
        let time_us = now_us();
        let mut rest = bytes;
        while !rest.is_empty() {
            let Ok(offset) = self.prepare(time_us) else { return self.lose(rest.len()) };
            let (now, later) = rest.split_at(split_point(rest, offset, self.limits.bytes));
            let written = if now.is_empty() { 0 } else { self.write(time_us, stream, now).unwrap_or(0) };
            self.lose(now.len() - written);
            if !later.is_empty() && self.rotate(time_us, None).is_err() {
                return self.lose(later.len());
            }
            rest = later;
        }
    }

    /// Bytes in the present file.
    pub(crate) fn length(&self) -> u64 {
        self.open.as_ref().map_or(0, |open| open.offset)
    }

    /// Whether something was ever written that is still there.
    pub(crate) fn has_begun(&self) -> bool {
        self.generation > 0
    }

    /// Begins another file of a terminal's log, on this screen.
    pub(crate) fn turn(&mut self, keyframe: &[u8]) {
        // what cannot be rotated grows on
        let _ = self.rotate(now_us(), Some(keyframe));
    }

    /// Adds a line of harness's own, on a line of its own.
    pub(crate) fn note(&mut self, text: &str) {
        let end = self.open.as_ref().and_then(|open| {
            let mut last = [0];
            let path = paths(&self.directory, &self.name, 0).0;
            File::open(path).ok()?.read_exact_at(&mut last, open.offset.checked_sub(1)?).ok()?;
            Some(last[0])
        });
        if end.is_some_and(|end| end != b'\n') {
            // of the stream whose line it ends, because each stream has lines of its own
            self.append(self.last.map_or(Stream::Stderr, |(_, stream)| stream), b"\n");
        }
        self.append(Stream::Stderr, format!("harness: {text}\n").as_bytes());
    }

    /// Moves up to `most` bytes from a pipe into the log without looking at them, which costs half of what
    /// reading and writing does. `None` where that is not possible now: at a rotation, which looks for a
    /// line's end, or on an odd file.
    pub(crate) fn take(&mut self, stream: Stream, pipe: BorrowedFd<'_>, most: usize) -> Option<usize> {
        let time_us = now_us();
        let offset = self.prepare(time_us).ok()?;
        let room = usize::try_from(self.limits.bytes.checked_sub(offset)?).ok()?;
        if room < most || self.unsaid > 0 || !self.open.as_ref()?.regular {
            return None;
        }
        self.mark(time_us, stream).ok()?;
        let open = self.open.as_mut()?;
        let taken = splice(pipe, None, &open.log, Some(&mut open.offset), most, SpliceFlags::NONBLOCK).ok()?;
        (taken > 0).then_some(taken)
    }

    fn lose(&mut self, count: usize) {
        self.lost += count as u64;
        self.unsaid += count as u64;
    }

    /// Makes sure that the right file is open; says how long it is.
    fn prepare(&mut self, time_us: u64) -> io::Result<u64> {
        if let Some(open) = &mut self.open
            && time_us.saturating_sub(open.inspected_us) >= INSPECTION_US
        {
            open.inspected_us = time_us;
            let (log_path, _) = paths(&self.directory, &self.name, 0);
            let there = fs::metadata(&log_path).is_ok_and(|it| {
                it.dev() == open.device && it.ino() == open.inode && (it.len() >= open.offset || !it.is_file())
            });
            if !there {
                // it was deleted, renamed or truncated
                self.open = None;
                self.generation += 1;
            }
        }
        match &self.open {
            Some(open) => Ok(open.offset),
            None => self.reopen(time_us),
        }
    }

    fn reopen(&mut self, time_us: u64) -> io::Result<u64> {
        let (log_path, index_path) = paths(&self.directory, &self.name, 0);
        let log = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&log_path)?;
        let metadata = log.metadata()?;
        let regular = metadata.is_file();
        let offset = if regular { metadata.len() } else { 0 };
        let continues = offset > 0 && generation_of(&index_path) == Some(self.generation);
        if !continues {
            self.generation += 1;
            let _ = fs::remove_file(&index_path);
        }
        let mut index = OpenOptions::new().append(true).create(true).mode(0o600).open(&index_path)?;
        if !continues {
            index::write_header(&mut index, self.generation)?;
        }
        self.last = None;
        let (device, inode) = (metadata.dev(), metadata.ino());
        self.open = Some(Open { log, index, device, inode, offset, regular, inspected_us: time_us });
        Ok(offset)
    }

    /// Notes from when and where the following bytes are. Before the data: an entry for bytes that do not
    /// follow does no harm.
    fn mark(&mut self, time_us: u64, stream: Stream) -> io::Result<()> {
        let Some(open) = &mut self.open else { return Err(io::ErrorKind::NotFound.into()) };
        let fresh = self.last.is_none_or(|(last, of)| of != stream || time_us.saturating_sub(last) > RESOLUTION_US);
        if fresh {
            index::write_mark(&mut open.index, Mark { offset: open.offset, time_us, stream })?;
            self.last = Some((time_us, stream));
        }
        Ok(())
    }

    /// Writes what it can; says how much that was. A note of what was lost before is written first, where it is missing.
    fn write(&mut self, time_us: u64, stream: Stream, bytes: &[u8]) -> io::Result<usize> {
        if self.unsaid > 0 {
            let note =
                format!("\nharness: {} bytes of output are missing here: they could not be written\n", self.unsaid);
            self.mark(time_us, Stream::Stderr)?;
            let open = self.open.as_mut().ok_or(io::ErrorKind::NotFound)?;
            // a line of its own, unless nothing is before it
            let note = &note.as_bytes()[usize::from(open.offset == 0)..];
            if open.put(note) == note.len() {
                self.unsaid = 0;
            }
        }
        self.mark(time_us, stream)?;
        Ok(self.open.as_mut().map_or(0, |open| open.put(bytes)))
    }

    fn rotate(&mut self, time_us: u64, keyframe: Option<&[u8]>) -> io::Result<()> {
        self.open = None;
        let (oldest_log, oldest_index) = paths(&self.directory, &self.name, self.limits.files);
        let _ = fs::remove_file(oldest_log);
        let _ = fs::remove_file(oldest_index);
        let _ = fs::remove_file(keyframe_path(&self.directory, &self.name, self.limits.files));
        for age in (0..self.limits.files).rev() {
            let (from, to) = (paths(&self.directory, &self.name, age), paths(&self.directory, &self.name, age + 1));
            // the index first: a log without one is still read, an index alone is not
            let _ = fs::rename(from.1, to.1);
            let _ = fs::rename(from.0, to.0);
            let keyframe = |age| keyframe_path(&self.directory, &self.name, age);
            let _ = fs::rename(keyframe(age), keyframe(age + 1));
        }
        if let Some(keyframe) = keyframe {
            // before the log that begins with it
            let _ = tail::write_keyframe(&self.directory, &self.name, self.generation + 1, keyframe);
        }
        self.reopen(time_us).map(drop)
    }
}

impl Open {
    /// Writes as much as is taken.
    fn put(&mut self, bytes: &[u8]) -> usize {
        let mut rest = bytes;
        while !rest.is_empty() {
            let put = if self.regular { self.log.write_at(rest, self.offset) } else { self.log.write(rest) };
            match put {
                Ok(0) => break,
                Ok(written) => {
                    self.offset += written as u64;
                    rest = &rest[written..];
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        bytes.len() - rest.len()
    }
}

fn now_us() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or_default()
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
