//! One pass over a command's output, linear in its size and bounded in time.
//!
//! A path that was looked up once is not looked up again. Where the time is over, the end of the log is still read: most
//! tools say there what failed.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use regex::Regex;

use super::candidate::Rank;
use super::command::Command;
use super::failing::Failing;
use super::go_json;
use super::lines::each_line;
use super::matchers::{self, Matcher};
use super::missing::missing;
use super::package::Announced;
use super::prefix::{Prefixed, Prefixes};
use super::tail::Tail;
use super::tree::SourceTree;
use super::weighing::{Found, Weighing};
use crate::system::Deadline;

/// Streams of one output that are read apart; further prefixes share the last.
const STREAMS: usize = 64;

/// How long a log is read from its beginning.
const READING: Duration = Duration::from_secs(15);
/// How much of its end is read where that did not suffice.
const END: u64 = 1024 * 1024;

/// Stops a scan from another thread.
#[derive(Debug, Clone, Default)]
pub(super) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Stops it within a few lines.
    pub(super) fn now(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The first diagnostic in a failed command's log, as `path:line[:column]: message`; where none is
/// recognised, its last meaningful lines; `None` when it printed nothing itself. One message is one line.
///
/// # Errors
/// When the log cannot be read.
pub(super) fn first_error(
    log: &Path,
    command: Command<'_>,
    tree: &SourceTree,
    stop: &Stop,
) -> std::io::Result<Option<Diagnosis>> {
    let mut scan = Scan::new(command, tree);
    let deadline = Deadline::after("the log", READING);
    if scan.read(File::open(log)?, &|| stop.is_asked() || deadline.passed())? == Reading::Stopped && !stop.is_asked() {
        let mut end = File::open(log)?;
        let length = end.metadata()?.len();
        end.seek(SeekFrom::Start(length.saturating_sub(END)))?;
        let deadline = Deadline::after("the end of the log", READING);
        scan.read(end, &|| stop.is_asked() || deadline.passed())?;
    }
    Ok(scan.diagnosis())
}

/// Every diagnostic in a failed command's log that names a place in the tree, of the most telling kind that there is; each
/// once.
///
/// # Errors
/// When the log cannot be read.
pub(super) fn every_error(
    log: &Path,
    command: Command<'_>,
    tree: &SourceTree,
    stop: &Stop,
) -> std::io::Result<Vec<Failing>> {
    let mut scan = Scan::new(command, tree);
    scan.weighing.keep_all();
    let deadline = Deadline::after("the log", READING);
    scan.read(File::open(log)?, &|| stop.is_asked() || deadline.passed())?;
    Ok(scan.weighing.all())
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// The text.
    pub text: String,
    /// Whether it begins with a place, rather than being the last lines.
    pub located: bool,
}

/// The same for a text in memory.
#[cfg(test)]
pub(super) fn scan(output: impl Read, command: Command<'_>, tree: &SourceTree) -> std::io::Result<Option<Diagnosis>> {
    let mut scan = Scan::new(command, tree);
    scan.read(output, &|| false)?;
    Ok(scan.diagnosis())
}

/// What one package, or the only one, prints.
struct Stream {
    key: String,
    announced: Announced,
    matchers: Vec<Box<dyn Matcher>>,
}

impl Stream {
    fn new(first: &Prefixed<'_>, custom: Option<&Regex>, tree: &SourceTree) -> Self {
        let announced = first.package.map(|package| Announced::of_prefix(package, tree)).unwrap_or_default();
        Self { key: first.key.to_owned(), announced, matchers: matchers::all(custom) }
    }
}

/// How far reading came.
#[derive(Debug, PartialEq, Eq)]
enum Reading {
    /// To the end, or to a diagnostic that nothing can be better than.
    Done,
    /// It was stopped before that.
    Stopped,
}

struct Scan<'a> {
    command: Command<'a>,
    runner: Prefixes,
    streams: Vec<Stream>,
    /// The stream of the line before: most lines are of the same.
    latest: usize,
    tail: Tail,
    /// The first command or script that is said not to be there.
    missing: Option<String>,
    weighing: Weighing<'a>,
}

impl<'a> Scan<'a> {
    fn new(command: Command<'a>, tree: &'a SourceTree) -> Self {
        let weighing = Weighing::of(&command, tree);
        let runner = Prefixes::default();
        Self { command, runner, streams: Vec::new(), latest: 0, tail: Tail::default(), missing: None, weighing }
    }

    /// Reads `output` until its end, until nothing better can come, or until `stop` says so.
    fn read(&mut self, output: impl Read, stop: &dyn Fn() -> bool) -> std::io::Result<Reading> {
        let (mut count, mut stopped) = (0_usize, false);
        each_line(output, |line| {
            count += 1;
            stopped = count.is_multiple_of(64) && stop();
            self.line(line);
            !stopped && !self.weighing.is_done()
        })?;
        if stopped && !self.weighing.is_done() {
            return Ok(Reading::Stopped);
        }
        for stream in &mut self.streams {
            for matcher in &mut stream.matchers {
                matcher.end(&mut |candidate| self.weighing.weigh(candidate, &stream.announced));
            }
        }
        Ok(Reading::Done)
    }

    fn line(&mut self, line: &str) {
        if let Some(event) = go_json::event(line) {
            return self.said(&Prefixed { key: &event.package, package: Some(&event.package), text: &event.text });
        }
        let prefixed = self.runner.split(line);
        self.said(&prefixed);
    }

    /// Takes a line without what its runner put around it.
    fn said(&mut self, prefixed: &Prefixed<'_>) {
        self.tail.line(prefixed.text);
        if self.missing.is_none() {
            self.missing = missing(prefixed.text);
        }
        if self.streams.get(self.latest).is_none_or(|stream| stream.key != prefixed.key) {
            let known = self.streams.iter().position(|stream| stream.key == prefixed.key);
            self.latest = known.unwrap_or_else(|| {
                if self.streams.len() < STREAMS {
                    self.streams.push(Stream::new(prefixed, self.command.error_pattern, self.weighing.tree));
                }
                self.streams.len() - 1
            });
        }
        let stream = &mut self.streams[self.latest];
        stream.announced.line(prefixed.text, self.weighing.tree);
        for matcher in &mut stream.matchers {
            matcher.line(prefixed.text, &mut |candidate| self.weighing.weigh(candidate, &stream.announced));
        }
    }

    fn diagnosis(self) -> Option<Diagnosis> {
        let best = self.weighing.best().filter(Found::is_worth_telling);
        match (best, self.missing) {
            (Some(best), _) if best.candidate.rank > Rank::Warning => {
                Some(Diagnosis { text: best.text(), located: true })
            }
            (_, Some(text)) => Some(Diagnosis { text, located: false }),
            // where the rule stands, then what its command said
            (Some(best), None) if best.candidate.rank == Rank::Runner => {
                let said = self.tail.text().filter(|said| !said.starts_with("make"));
                let text = std::iter::once(best.text()).chain(said).collect::<Vec<_>>().join("\n");
                Some(Diagnosis { text, located: true })
            }
            (Some(best), None) => Some(Diagnosis { text: best.text(), located: true }),
            (None, None) => self.tail.text().map(|text| Diagnosis { text, located: false }),
        }
    }
}
