//! One pass over a command's output.

use std::io::Read;
use std::path::Path;

use regex::Regex;

use super::candidate::{Candidate, Rank};
use super::lines::each_line;
use super::matchers::{self, Matcher};
use super::package::{Announced, Named};
use super::prefix::{Prefixed, Prefixes};
use super::tail::Tail;
use super::tree::{Place, SourceTree, Standing};
use crate::system::text::cut;

/// Streams of one output that are told apart; further prefixes share the last.
const STREAMS: usize = 64;
/// How long a message may be.
const MESSAGE: usize = 500;

/// What is known of the command whose output is read.
#[derive(Debug, Clone, Copy)]
pub struct Command<'a> {
    /// Its command line.
    pub line: &'a str,
    /// Where it ran, from the tree's root; empty for the root.
    pub working_dir: &'a str,
    /// The project's own pattern, with groups `file`, `line` and `message`.
    pub error_pattern: Option<&'a Regex>,
}

/// The first diagnostic in a failed command's log, as `path:line[:column]: message`; where none is
/// recognised, its last meaningful lines; `None` when it printed nothing. One message is one line.
///
/// # Errors
/// When the log cannot be read.
pub fn first_error(log: &Path, command: Command<'_>, tree: &SourceTree) -> std::io::Result<Option<Diagnosis>> {
    scan(std::fs::File::open(log)?, command, tree)
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// The text.
    pub text: String,
    /// Whether it begins with a place, rather than being the last lines.
    pub located: bool,
}

pub(super) fn scan(output: impl Read, command: Command<'_>, tree: &SourceTree) -> std::io::Result<Option<Diagnosis>> {
    let mut scan = Scan {
        tree,
        working_dir: command.working_dir,
        named: Named::read(command.line, command.working_dir, tree),
        enough: if command.error_pattern.is_some() { Rank::Project } else { Rank::Error },
        best: None,
    };
    let mut runner = Prefixes::default();
    let mut streams: Vec<Stream> = Vec::new();
    let mut latest = 0;
    let mut tail = Tail::default();
    each_line(output, |line| {
        let prefixed = runner.split(line);
        tail.line(prefixed.text);
        // most lines are of the stream of the line before
        if streams.get(latest).is_none_or(|stream| stream.key != prefixed.key) {
            let known = streams.iter().position(|stream| stream.key == prefixed.key);
            latest = known.unwrap_or_else(|| {
                if streams.len() < STREAMS {
                    streams.push(Stream::new(&prefixed, command.error_pattern, tree));
                }
                streams.len() - 1
            });
        }
        let stream = &mut streams[latest];
        stream.announced.line(prefixed.text, tree);
        for matcher in &mut stream.matchers {
            matcher.line(prefixed.text, &mut |candidate| scan.weigh(candidate, &stream.announced));
        }
        !scan.is_done()
    })?;
    if !scan.is_done() {
        for stream in &mut streams {
            for matcher in &mut stream.matchers {
                matcher.end(&mut |candidate| scan.weigh(candidate, &stream.announced));
            }
        }
    }
    let located = scan.best.filter(Found::is_worth_telling).map(|best| Diagnosis { text: best.text(), located: true });
    Ok(located.or_else(|| tail.text().map(|text| Diagnosis { text, located: false })))
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

struct Scan<'a> {
    tree: &'a SourceTree,
    working_dir: &'a str,
    named: Named,
    enough: Rank,
    best: Option<Found>,
}

struct Found {
    place: Place,
    candidate: Candidate,
}

impl Scan<'_> {
    fn weigh(&mut self, candidate: Candidate, announced: &Announced) {
        // a place in the tree is the most that this one can be
        if self.best.as_ref().is_some_and(|best| best.worth() >= (Standing::Here, candidate.rank)) {
            return;
        }
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
        let place = self.tree.resolve(&candidate.path, bases);
        let found = Found { place, candidate };
        if self.best.as_ref().is_none_or(|best| found.worth() > best.worth()) {
            self.best = Some(found);
        }
    }

    /// Whether nothing that is still to come can be better.
    fn is_done(&self) -> bool {
        self.best.as_ref().is_some_and(|best| best.worth() >= (Standing::Here, self.enough))
    }
}

impl Found {
    fn worth(&self) -> (Standing, Rank) {
        (self.place.standing, self.candidate.rank)
    }

    /// A mere shape counts only where there is such a file: `127.0.0.1:8080: refused` has that shape too.
    fn is_worth_telling(&self) -> bool {
        self.place.standing == Standing::Here || self.candidate.rank >= Rank::Error
    }

    fn text(&self) -> String {
        let Candidate { line, column, message, .. } = &self.candidate;
        let column = column.map_or_else(String::new, |column| format!(":{column}"));
        let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
        format!("{}:{line}{column}: {}", self.place.path, cut(&message, MESSAGE))
    }
}
