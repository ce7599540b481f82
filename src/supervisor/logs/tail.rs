//! The bytes of a terminal's log as they grow, from a keyframe on.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::inotify;
use tokio::io::unix::AsyncFd;

use super::generation::{LogFile, files, keyframe_path};
use crate::supervisor::Result;
use crate::supervisor::own_log::logs_in;
use crate::supervisor::readiness::readable;
use crate::system;

const MAGIC: &[u8; 8] = b"HARNSCR1";

/// So much of the log is read for the scrollback of who joins.
const BACKLOG: u64 = 4 << 20;

/// Writes the screen with which the log of this generation begins.
pub(super) fn write_keyframe(directory: &Path, name: &str, generation: u64, keyframe: &[u8]) -> io::Result<()> {
    let (path, fresh) = (keyframe_path(directory, name, 0), directory.join(format!(".{name}.screen")));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    file.write_all(&[MAGIC.as_slice(), &generation.to_le_bytes(), keyframe].concat())?;
    fs::rename(fresh, path)
}

/// The screen with which a log file begins.
fn read_keyframe(directory: &Path, name: &str, generation: Option<u64>) -> Option<Vec<u8>> {
    let wanted = generation?.to_le_bytes();
    // the files may have been rotated since the log was found
    (0..100).map(|age| keyframe_path(directory, name, age)).take_while(|path| path.exists()).find_map(|path| {
        let bytes = fs::read(path).ok()?;
        let (head, keyframe) = bytes.split_at_checked(16)?;
        (head[..8] == *MAGIC && head[8..] == wanted).then(|| keyframe.to_vec())
    })
}

/// Everything since the last keyframe, that first: it makes the screen as it stands.
pub(crate) fn since_keyframe(directory: &Path, name: &str) -> Vec<u8> {
    let Some(last) = files(directory, name).pop() else { return Vec::new() };
    let mut bytes = read_keyframe(directory, name, last.generation).unwrap_or_default();
    if let Ok(mut log) = File::open(&last.log) {
        let _ = log.read_to_end(&mut bytes);
    }
    bytes
}

/// What [`Tail::read`] gave.
#[derive(Debug, PartialEq, Eq)]
pub enum Gave {
    /// So many bytes, which follow the last ones.
    Bytes(usize),
    /// What follows the last bytes is lost or too much: these make the screen as it was at a later time.
    Again(Vec<u8>),
    /// There is nothing more now.
    Nothing,
}

/// Reads the log of one terminal from a keyframe on, and waits for more.
#[derive(Debug)]
pub struct Tail {
    directory: PathBuf,
    name: String,
    open: Option<Open>,
    /// Keyframe of the file that was just opened, if it was not the next one.
    again: Option<Vec<u8>>,
    changes: AsyncFd<OwnedFd>,
}

#[derive(Debug)]
struct Open {
    log: File,
    generation: Option<u64>,
    offset: u64,
}

impl Tail {
    /// The log of a process of the stack in `directory`. The first reads give a screen and what came after it, so much
    /// that a scrollback comes of it.
    ///
    /// # Errors
    /// The log cannot be watched.
    pub fn new(directory: &Path, name: &str) -> Result<Self> {
        let logs = logs_in(directory);
        system::create_private_dir(&logs, 0o700)?;
        let flags = inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK;
        let changes = inotify::init(flags)
            .and_then(|descriptor| {
                inotify::add_watch(&descriptor, &logs, inotify::WatchFlags::CREATE | inotify::WatchFlags::MOVED_TO)?;
                Ok(descriptor)
            })
            .map_err(io::Error::from)
            .and_then(readable)
            .map_err(system::Error::call(format!("watch `{}`", logs.display())))?;
        let mut tail = Self { directory: logs, name: name.to_owned(), open: None, again: None, changes };
        let mut files = files(&tail.directory, name);
        let mut length = 0;
        let mut first = None;
        while let Some(file) = files.pop() {
            length += file.log.metadata().map_or(0, |it| it.len());
            if first.is_some() && length > BACKLOG {
                break;
            }
            first = Some(file);
        }
        if let Some(file) = first {
            tail.jump(&file);
        }
        Ok(tail)
    }

    /// Reads on.
    pub fn read(&mut self, buffer: &mut [u8]) -> Gave {
        loop {
            if let Some(again) = self.again.take() {
                return Gave::Again(again);
            }
            let Some(open) = &mut self.open else {
                let Some(file) = files(&self.directory, &self.name).pop() else { return Gave::Nothing };
                self.jump(&file);
                continue;
            };
            match open.log.read_at(buffer, open.offset) {
                Ok(read) if read > 0 => {
                    open.offset += read as u64;
                    return Gave::Bytes(read);
                }
                _ => {}
            }
            if !self.go_on() {
                return Gave::Nothing;
            }
        }
    }

    /// The present file is at its end; whether there is another one, or more of this.
    fn go_on(&mut self) -> bool {
        let Some(open) = &self.open else { return false };
        let is_present = |log: &File| -> io::Result<bool> {
            let (there, ours) =
                (fs::metadata(super::generation::paths(&self.directory, &self.name, 0).0)?, log.metadata()?);
            Ok(there.ino() == ours.ino() && there.dev() == ours.dev())
        };
        if is_present(&open.log).unwrap_or(false) {
            return false;
        }
        // it may have grown between the read and the rotation
        if open.log.metadata().is_ok_and(|it| it.len() > open.offset) {
            return true;
        }
        let later: Vec<LogFile> = files(&self.directory, &self.name)
            .into_iter()
            .filter(|file| file.generation.is_some() && file.generation > open.generation)
            .collect();
        match later.as_slice() {
            [] => return false,
            [next] if next.generation == open.generation.map(|it| it + 1) => self.switch(next),
            [.., last] => self.jump(last),
        }
        true
    }

    fn switch(&mut self, file: &LogFile) {
        let Ok(log) = File::open(&file.log) else { return };
        // the file itself, wherever it is by now
        let path = format!("/proc/self/fd/{}", log.as_raw_fd());
        let _ = inotify::add_watch(&self.changes, path, inotify::WatchFlags::MODIFY);
        self.open = Some(Open { log, generation: file.generation, offset: 0 });
    }

    fn jump(&mut self, file: &LogFile) {
        self.switch(file);
        self.again = Some(read_keyframe(&self.directory, &self.name, file.generation).unwrap_or_default());
    }

    /// Waits until there may be more.
    pub async fn changed(&self) {
        let Ok(mut ready) = self.changes.readable().await else { return std::future::pending().await };
        let mut buffer = [0; 4096];
        while rustix::io::read(ready.get_inner(), &mut buffer).is_ok_and(|read| read > 0) {}
        ready.clear_ready();
    }
}
