//! Questions to the logs of a stack.

use std::collections::VecDeque;
use std::iter::Peekable;
use std::path::Path;

use super::frame::LogLine;
use super::generation::names;
use super::source::{Source, Start};
use crate::supervisor::config;
use crate::supervisor::own_log::logs_in;
use crate::system::text::printable;

/// Which lines are wanted.
#[derive(Debug, Clone, Default)]
pub struct LogQuery {
    /// Of these processes; all when empty.
    pub processes: Vec<String>,
    /// Only so many, the last ones, of all processes together.
    pub last: Option<usize>,
    /// Only what came at this time or later.
    pub since: Option<jiff::Timestamp>,
    /// Only lines that match.
    pub grep: Option<regex::bytes::Regex>,
}

impl LogQuery {
    pub(super) fn names(&self, directory: &Path) -> Vec<String> {
        if self.processes.is_empty() { names(directory) } else { self.processes.clone() }
    }

    pub(super) fn wants(&self, line: &LogLine) -> bool {
        self.since.is_none_or(|since| line.time >= since)
            && self.grep.as_ref().is_none_or(|pattern| pattern.is_match(&line.bytes))
    }

    pub(super) fn start(&self) -> Start {
        match (self.since, self.last) {
            (Some(since), _) => Start::Since(u64::try_from(since.as_microsecond()).unwrap_or_default()),
            (None, Some(last)) if self.grep.is_none() => Start::Last(last),
            _ => Start::Beginning,
        }
    }
}

/// The processes that a stack has now, and those that it had and that a log is left of; sorted.
pub fn processes(directory: &Path) -> Vec<String> {
    let mut all = names(&logs_in(directory));
    if let Ok(spec) = config::load(directory) {
        all.extend(spec.processes.into_keys());
    }
    all.sort();
    all.dedup();
    all
}

/// The lines that exist now, of the stack in `directory`, oldest first, processes interleaved by time.
pub fn read(directory: &Path, query: &LogQuery) -> Box<dyn Iterator<Item = LogLine>> {
    let logs = logs_in(directory);
    let open = |name: String| Lines { source: Source::new(&logs, &name, query.start()), name }.peekable();
    let merged = Merge { sources: query.names(&logs).into_iter().map(open).collect() };
    let filter = query.clone();
    let wanted = merged.filter(move |line| filter.wants(line));
    let Some(count) = query.last else { return Box::new(wanted) };
    // the whole must be seen before its last lines are known
    let mut kept = VecDeque::new();
    for line in wanted {
        if kept.len() >= count {
            kept.pop_front();
        }
        kept.push_back(line);
    }
    kept.truncate(count);
    Box::new(kept.into_iter())
}

/// Among so many last lines the last one of the process itself is looked for.
const WORDS: usize = 40;

/// The last lines of one process, made safe to show; for messages about its end.
pub fn last_lines(directory: &Path, process: &str, count: usize) -> Vec<String> {
    let query = LogQuery { processes: vec![process.to_owned()], last: Some(count), ..LogQuery::default() };
    read(directory, &query).map(|line| printable(&line.bytes, false)).collect()
}

/// The last line that the process itself wrote and that has a text, made safe to show: harness writes its notes on starts
/// and ends into the same log.
pub fn last_word(directory: &Path, process: &str) -> Option<String> {
    let query = LogQuery { processes: vec![process.to_owned()], last: Some(WORDS), ..LogQuery::default() };
    let lines = read(directory, &query).map(|line| printable(&line.bytes, false));
    // but a program that could not be run says so by harness
    let is_note = |line: &str| line.starts_with("harness: ") && !line.starts_with("harness: cannot run");
    lines.filter(|line| !line.trim().is_empty() && !is_note(line)).last()
}

/// The lines of one process up to now.
struct Lines {
    source: Source,
    name: String,
}

impl Iterator for Lines {
    type Item = LogLine;

    fn next(&mut self) -> Option<LogLine> {
        self.source.next(true).map(|line| LogLine::from_raw(line, &self.name))
    }
}

/// Several processes, oldest line first.
struct Merge {
    sources: Vec<Peekable<Lines>>,
}

impl Iterator for Merge {
    type Item = LogLine;

    fn next(&mut self) -> Option<LogLine> {
        let heads = self.sources.iter_mut().enumerate();
        let (_, oldest) = heads.filter_map(|(at, lines)| lines.peek().map(|line| (line.time, at))).min()?;
        self.sources[oldest].next()
    }
}
