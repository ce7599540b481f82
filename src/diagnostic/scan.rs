//! One pass over a command's output, linear in its size and bounded in time.
//!
//! A path that was looked up once is not looked up again. Where the time is over, the end of the log is still read: most
//! tools say there what failed.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use regex::Regex;

use super::candidate::{Candidate, Rank};
use super::lines::each_line;
use super::matchers::{self, Matcher};
use super::package::{Announced, Named};
use super::prefix::{Prefixed, Prefixes};
use super::tail::Tail;
use super::tree::{Locality, ResolvedPath, SourceTree};
use crate::system::Deadline;
use crate::system::text::cut;

/// Streams of one output that are read apart; further prefixes share the last.
const STREAMS: usize = 64;
/// How long a message may be.
const MESSAGE: usize = 500;

/// What is known of the command whose output is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Command<'a> {
    /// Its command line.
    pub(super) line: &'a str,
    /// Where it ran, from the tree's root; empty for the root.
    pub(super) working_dir: &'a str,
    /// The project's own pattern, with groups `file`, `line` and `message`.
    pub(super) error_pattern: Option<&'a Regex>,
}

/// How long a log is read from its beginning.
const READING: Duration = Duration::from_secs(15);
/// How much of its end is read where that did not suffice.
const END: u64 = 1024 * 1024;
/// Paths that are remembered once they were looked up.
const REMEMBERED: usize = 10_000;

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
    weighing: Weighing<'a>,
}

impl<'a> Scan<'a> {
    fn new(command: Command<'a>, tree: &'a SourceTree) -> Self {
        let weighing = Weighing {
            tree,
            working_dir: command.working_dir,
            named: Named::read(command.line, command.working_dir, tree),
            enough: if command.error_pattern.is_some() { Rank::Project } else { Rank::Error },
            best: None,
            known: HashMap::new(),
        };
        let runner = Prefixes::default();
        Self { command, runner, streams: Vec::new(), latest: 0, tail: Tail::default(), weighing }
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
        let prefixed = self.runner.split(line);
        self.tail.line(prefixed.text);
        if self.streams.get(self.latest).is_none_or(|stream| stream.key != prefixed.key) {
            let known = self.streams.iter().position(|stream| stream.key == prefixed.key);
            self.latest = known.unwrap_or_else(|| {
                if self.streams.len() < STREAMS {
                    self.streams.push(Stream::new(&prefixed, self.command.error_pattern, self.weighing.tree));
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
        let best = self.weighing.best.filter(Found::is_worth_telling);
        let located = best.map(|best| Diagnosis { text: best.text(), located: true });
        located.or_else(|| self.tail.text().map(|text| Diagnosis { text, located: false }))
    }
}

/// Candidates against the work tree, and the best of them.
struct Weighing<'a> {
    tree: &'a SourceTree,
    working_dir: &'a str,
    named: Named,
    enough: Rank,
    best: Option<Found>,
    /// Where paths led that were looked up, by path and the directories that it may be relative to.
    known: HashMap<[Option<String>; 4], ResolvedPath>,
}

struct Found {
    place: ResolvedPath,
    candidate: Candidate,
}

impl Weighing<'_> {
    fn weigh(&mut self, candidate: Candidate, announced: &Announced) {
        // a place in the tree is the most that this one can be
        if self.best.as_ref().is_some_and(|best| best.worth() >= (Locality::InTree, candidate.rank)) {
            return;
        }
        let Announced { strong, weak } = announced;
        let key = [Some(candidate.path.clone()), candidate.package.clone(), strong.clone(), weak.clone()];
        let place = self.known.get(&key).cloned().unwrap_or_else(|| {
            let place = self.resolve(&candidate, announced);
            if self.known.len() < REMEMBERED {
                self.known.insert(key, place.clone());
            }
            place
        });
        let found = Found { place, candidate };
        if self.best.as_ref().is_none_or(|best| found.worth() > best.worth()) {
            self.best = Some(found);
        }
    }

    fn resolve(&self, candidate: &Candidate, announced: &Announced) -> ResolvedPath {
        let package = candidate.package.as_deref().and_then(|name| self.tree.package_dir(name));
        let bases = package
            .as_deref()
            .into_iter()
            .chain(announced.strong.as_deref())
            .chain(self.named.strong.iter().map(String::as_str))
            .chain([self.working_dir])
            .chain(announced.weak.as_deref())
            .chain(self.named.weak.iter().map(String::as_str))
            .chain([""]);
        self.tree.resolve(&candidate.path, bases)
    }

    /// Whether nothing that is still to come can be better.
    fn is_done(&self) -> bool {
        self.best.as_ref().is_some_and(|best| best.worth() >= (Locality::InTree, self.enough))
    }
}

impl Found {
    fn worth(&self) -> (Locality, Rank) {
        (self.place.locality, self.candidate.rank)
    }

    /// A mere shape counts only where there is such a file: `127.0.0.1:8080: refused` has that shape too.
    fn is_worth_telling(&self) -> bool {
        self.place.locality == Locality::InTree || self.candidate.rank >= Rank::Error
    }

    fn text(&self) -> String {
        let Candidate { line, column, message, .. } = &self.candidate;
        let column = column.map_or_else(String::new, |column| format!(":{column}"));
        let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
        format!("{}:{line}{column}: {}", self.place.path, cut(&message, MESSAGE))
    }
}
