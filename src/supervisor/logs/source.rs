//! Reading one process's log from a position on, across rotations.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::Stream;
use super::frame::{Framer, RawLine};
use super::generation::{LogFile, files};
use super::index::{self, ENTRY, HEADER, Mark};

const BLOCK: usize = 64 * 1024;

/// Where reading begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    Beginning,
    /// So many lines before the end.
    Last(usize),
    /// At what came at this time (microseconds since the epoch) or later.
    Since(u64),
}

/// Reads one process's log.
#[derive(Debug)]
pub(super) struct Source {
    directory: PathBuf,
    name: String,
    open: Option<Open>,
    framer: Framer,
}

#[derive(Debug)]
struct Open {
    log: File,
    generation: Option<u64>,
    offset: u64,
    marks: Marks,
}

impl Source {
    /// Begins at `start`; a log that does not exist yet is read once it does.
    pub(super) fn new(directory: &Path, name: &str, start: Start) -> Self {
        let mut source =
            Self { directory: directory.to_owned(), name: name.to_owned(), open: None, framer: Framer::default() };
        let files = files(directory, name);
        let at = match start {
            Start::Beginning => files.first().map(|file| (file, 0)),
            Start::Last(count) => before_end(&files, count),
            Start::Since(time_us) => since(&files, time_us),
        };
        source.open = at.and_then(|(file, offset)| Open::at(file, offset));
        source
    }

    /// The next whole line; with `flush`, at the end also one that is not finished.
    pub(super) fn next(&mut self, flush: bool) -> Option<RawLine> {
        loop {
            if let Some(line) = self.framer.ready.pop_front() {
                return Some(line);
            }
            if !self.fill() {
                if flush {
                    self.framer.flush();
                }
                return self.framer.ready.pop_front();
            }
        }
    }

    /// Reads one more block; false when there is nothing more now.
    fn fill(&mut self) -> bool {
        let Some(open) = &mut self.open else {
            self.open = files(&self.directory, &self.name).first().and_then(|file| Open::at(file, 0));
            return self.open.is_some();
        };
        if open.read_block(&mut self.framer) {
            return true;
        }
        let Some(next) = next_generation(&files(&self.directory, &self.name), open.generation) else { return false };
        // it may have grown between the read and the rotation
        if !open.read_block(&mut self.framer) {
            self.open = Open::at(&next, 0);
        }
        true
    }
}

impl Open {
    fn at(file: &LogFile, offset: u64) -> Option<Self> {
        let log = File::open(&file.log).ok()?;
        let modified = log.metadata().ok().and_then(|it| it.modified().ok()?.duration_since(UNIX_EPOCH).ok());
        let time_us = u64::try_from(modified.unwrap_or_default().as_micros()).unwrap_or_default();
        let marks = Marks::at(&file.index, offset, time_us);
        Some(Self { log, generation: file.generation, offset, marks })
    }

    fn read_block(&mut self, framer: &mut Framer) -> bool {
        let mut block = vec![0; BLOCK];
        let read = match self.log.read_at(&mut block, self.offset) {
            Ok(read) if read > 0 => read,
            _ => return false,
        };
        let mut rest = &block[..read];
        while !rest.is_empty() {
            let (mark, until) = self.marks.covering(self.offset);
            let left = until.map_or(usize::MAX, |until| usize::try_from(until - self.offset).unwrap_or(usize::MAX));
            let (now, later) = rest.split_at(left.min(rest.len()));
            framer.push(mark.time_us, mark.stream, now);
            self.offset += now.len() as u64;
            rest = later;
        }
        true
    }
}

/// The entries of an index, read forward as the log is.
#[derive(Debug)]
struct Marks {
    file: Option<File>,
    current: Mark,
    next: Option<Mark>,
}

impl Marks {
    fn at(path: &Path, offset: u64, fallback_us: u64) -> Self {
        let current = Mark { offset: 0, time_us: fallback_us, stream: Stream::Stdout };
        let mut marks = Self { file: None, current, next: None };
        if let Ok(mut file) = File::open(path)
            && index::read_header(&mut file).is_some()
        {
            let before = partition(&mut file, |mark| mark.offset <= offset);
            let _ = file.seek(SeekFrom::Start((HEADER + before.saturating_sub(1) * ENTRY) as u64));
            marks.file = Some(file);
        }
        marks
    }

    /// The entry in force at `offset`, and where the next one begins.
    fn covering(&mut self, offset: u64) -> (Mark, Option<u64>) {
        loop {
            if self.next.is_none() {
                self.next = self.file.as_mut().and_then(read_mark);
            }
            match self.next {
                Some(next) if next.offset <= offset => {
                    self.current = next;
                    self.next = None;
                }
                next => return (self.current, next.map(|next| next.offset)),
            }
        }
    }
}

fn read_mark(file: &mut File) -> Option<Mark> {
    let mut bytes = [0; ENTRY];
    let at = file.stream_position().ok()?;
    if file.read_exact(&mut bytes).is_err() {
        // a torn entry is completed later
        let _ = file.seek(SeekFrom::Start(at));
        return None;
    }
    index::marks(&bytes).next()
}

/// How many entries satisfy a condition that holds for a first part of them.
fn partition(file: &mut File, holds: impl Fn(&Mark) -> bool) -> usize {
    let length = file.metadata().map_or(0, |it| it.len());
    let count = usize::try_from(length).unwrap_or(0).saturating_sub(HEADER) / ENTRY;
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low + (high - low) / 2;
        let mut bytes = [0; ENTRY];
        let read = file.read_exact_at(&mut bytes, (HEADER + middle * ENTRY) as u64);
        if read.is_ok() && index::marks(&bytes).next().is_some_and(|mark| holds(&mark)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

fn length(file: &LogFile) -> u64 {
    file.log.metadata().map_or(0, |it| it.len())
}

fn next_generation(files: &[LogFile], after: Option<u64>) -> Option<LogFile> {
    files.iter().find(|file| file.generation > after && file.generation.is_some()).cloned()
}

/// Where the last `count` lines begin.
fn before_end(files: &[LogFile], count: usize) -> Option<(&LogFile, u64)> {
    let mut wanted = count;
    for file in files.iter().rev() {
        let log = File::open(&file.log).ok()?;
        let mut end = length(file);
        let mut last_byte = true;
        while end > 0 {
            let start = end.saturating_sub(BLOCK as u64);
            let mut block = vec![0; usize::try_from(end - start).unwrap_or(0)];
            log.read_exact_at(&mut block, start).ok()?;
            for (at, byte) in block.iter().enumerate().rev() {
                // the newline that ends the last line begins no other
                if *byte == b'\n' && !std::mem::take(&mut last_byte) {
                    wanted = wanted.saturating_sub(1);
                    if wanted == 0 {
                        return Some((file, start + at as u64 + 1));
                    }
                }
                last_byte = false;
            }
            end = start;
        }
        wanted = wanted.saturating_sub(1);
        if wanted == 0 {
            return Some((file, 0));
        }
    }
    files.first().map(|file| (file, 0))
}

fn since(files: &[LogFile], time_us: u64) -> Option<(&LogFile, u64)> {
    for file in files {
        let Ok(mut index) = File::open(&file.index) else { continue };
        let before = partition(&mut index, |mark| mark.time_us < time_us);
        let mut bytes = [0; ENTRY];
        if index.read_exact_at(&mut bytes, (HEADER + before * ENTRY) as u64).is_ok() {
            return index::marks(&bytes).next().map(|mark| (file, mark.offset));
        }
    }
    files.last().map(|file| (file, length(file)))
}
