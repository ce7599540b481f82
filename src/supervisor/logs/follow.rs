//! Following logs as they grow.

use std::path::{Path, PathBuf};

use rustix::fs::inotify;
use tokio::io::unix::AsyncFd;

use super::frame::LogLine;
use super::query::LogQuery;
use super::source::{Source, Start};
use crate::supervisor::Result;
use crate::supervisor::own_log::logs_in;
use crate::supervisor::readiness::readable;
use crate::system;

/// Lines as they come, across rotations.
#[derive(Debug)]
pub struct Follower {
    logs: PathBuf,
    query: LogQuery,
    sources: Vec<(String, Source)>,
    changes: AsyncFd<std::os::fd::OwnedFd>,
}

impl Follower {
    /// Follows the logs of the stack in `directory`. What exists already and the query asks for comes first,
    /// then everything that is added.
    pub fn new(directory: &Path, query: &LogQuery) -> Result<Self> {
        let logs = logs_in(directory);
        system::create_private_dir(&logs, 0o700)?;
        let flags = inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK;
        let watching = system::Error::call(format!("watch `{}`", logs.display()));
        let events = inotify::WatchFlags::MODIFY | inotify::WatchFlags::CREATE | inotify::WatchFlags::MOVED_TO;
        let changes = inotify::init(flags)
            .and_then(|descriptor| {
                inotify::add_watch(&descriptor, &logs, events)?;
                // the end of the stack is seen from outside: a directory whose files are open does not tell its own
                let around = directory.parent().unwrap_or(directory);
                inotify::add_watch(&descriptor, around, inotify::WatchFlags::DELETE)?;
                Ok(descriptor)
            })
            .map_err(std::io::Error::from)
            .and_then(readable)
            .map_err(watching)?;
        let names = query.names(&logs);
        let open = |name: String| (name.clone(), Source::new(&logs, &name, query.start()));
        let sources = names.into_iter().map(open).collect();
        Ok(Self { logs, query: query.clone(), sources, changes })
    }

    /// The next lines, oldest first; waits until there are some. None when there will be no more: the logs were removed
    /// with their stack.
    pub async fn next(&mut self) -> Vec<LogLine> {
        loop {
            let lines = self.take();
            if !lines.is_empty() {
                return lines;
            }
            let Ok(mut ready) = self.changes.readable().await else { return Vec::new() };
            let mut buffer = [0; 4096];
            while rustix::io::read(ready.get_inner(), &mut buffer).is_ok_and(|read| read > 0) {}
            ready.clear_ready();
            if !self.logs.exists() {
                return Vec::new();
            }
        }
    }

    /// What has come up to now.
    pub fn take(&mut self) -> Vec<LogLine> {
        for name in self.query.names(&self.logs) {
            if !self.sources.iter().any(|(known, _)| *known == name) {
                let source = Source::new(&self.logs, &name, Start::Beginning);
                self.sources.push((name, source));
            }
        }
        let mut lines = Vec::new();
        for (name, source) in &mut self.sources {
            while let Some(line) = source.next(false) {
                lines.push(LogLine::from_raw(line, name));
            }
        }
        lines.retain(|line| self.query.wants(line));
        lines.sort_by_key(|line| line.time);
        if let Some(count) = self.query.last.take() {
            lines.drain(..lines.len().saturating_sub(count));
        }
        lines
    }
}
