//! Candidates against the work tree, and the best of them.

use std::collections::{HashMap, HashSet};

use super::candidate::{Candidate, Rank};
use super::command::Command;
use super::failing::Failing;
use super::package::{Announced, Named};
use super::tree::{Locality, ResolvedPath, SourceTree};
use crate::system::text::cut;

/// How long a message may be.
const MESSAGE: usize = 500;
/// Paths that are remembered once they were looked up.
const REMEMBERED: usize = 10_000;
/// How many candidates are kept where all are wanted.
const KEPT: usize = 2000;

/// Candidates against the work tree, and the best of them.
pub(super) struct Weighing<'a> {
    /// The files that paths lead to.
    pub(super) tree: &'a SourceTree,
    working_dir: &'a str,
    named: Named,
    enough: Rank,
    best: Option<Found>,
    /// Where paths led that were looked up, by path and the directories that it may be relative to.
    known: HashMap<[Option<String>; 4], ResolvedPath>,
    /// All that are in the tree, where they are wanted.
    all: Option<Vec<Found>>,
}

/// A candidate, and where its path leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    place: ResolvedPath,
    /// What was found.
    pub(super) candidate: Candidate,
}

impl<'a> Weighing<'a> {
    /// Nothing yet.
    pub(super) fn of(command: &Command<'a>, tree: &'a SourceTree) -> Self {
        Self {
            tree,
            working_dir: command.working_dir,
            named: Named::read(command.line, command.working_dir, tree),
            enough: if command.error_pattern.is_some() { Rank::Project } else { Rank::Error },
            best: None,
            known: HashMap::new(),
            all: None,
        }
    }

    /// Keeps every candidate that is in the tree.
    pub(super) fn keep_all(&mut self) {
        self.all = Some(Vec::new());
    }

    /// The best candidate.
    pub(super) fn best(&self) -> Option<Found> {
        self.best.clone()
    }

    /// What was kept, of the highest rank that is there, in order: of a test each message once, else each text once.
    pub(super) fn all(self) -> Vec<Failing> {
        let all = self.all.unwrap_or_default();
        let rank = all.iter().map(|found| found.candidate.rank).max();
        let mut seen = HashSet::new();
        all.iter()
            .filter(|found| Some(found.candidate.rank) == rank)
            .filter(|found| {
                let Candidate { test, message, .. } = &found.candidate;
                // the frames of one failure say the same; the deepest is the first
                let said = if test.is_some() { message.clone() } else { found.text() };
                seen.insert((test.clone(), said))
            })
            .map(|found| Failing { text: found.text(), test: found.candidate.test.clone() })
            .collect()
    }

    /// Takes a candidate.
    pub(super) fn weigh(&mut self, candidate: Candidate, announced: &Announced) {
        // a place in the tree is the most that this one can be
        let is_beaten = |best: &Found| best.worth() >= (Locality::InTree, candidate.rank);
        if self.all.is_none() && self.best.as_ref().is_some_and(is_beaten) {
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
        if let Some(all) = self.all.as_mut().filter(|all| all.len() < KEPT && found.place.locality == Locality::InTree)
        {
            all.push(found.clone());
        }
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
    pub(super) fn is_done(&self) -> bool {
        self.all.is_none() && self.best.as_ref().is_some_and(|best| best.worth() >= (Locality::InTree, self.enough))
    }
}

impl Found {
    fn worth(&self) -> (Locality, Rank) {
        (self.place.locality, self.candidate.rank)
    }

    /// A mere shape counts only where there is such a file: `127.0.0.1:8080: refused` has that shape too.
    pub(super) fn is_worth_telling(&self) -> bool {
        self.place.locality == Locality::InTree || self.candidate.rank >= Rank::Error
    }

    /// `path:line[:column]: message`.
    pub(super) fn text(&self) -> String {
        let Candidate { line, column, message, .. } = &self.candidate;
        let column = column.map_or_else(String::new, |column| format!(":{column}"));
        let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
        format!("{}:{line}{column}: {}", self.place.path, cut(&message, MESSAGE))
    }
}
