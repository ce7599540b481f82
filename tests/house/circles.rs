//! No circle inside a folder: what stands in it (its files, and each subfolder as a whole) can be read from one
//! end to the other.

use std::collections::{BTreeMap, BTreeSet};

use super::imports::Imports;

/// Circles that are still there. An entry that is none any more has to go; nothing may be added.
const KNOWN: &[(&str, &[&str])] = &[];

#[test]
fn no_circle_inside_a_folder() {
    let imports = Imports::read(&super::source());
    let folders = imports.folders();
    assert!(folders.len() > 20, "imports are looked for in the wrong place");
    let mut found: Vec<(&str, BTreeSet<String>)> = Vec::new();
    for (folder, edges) in &folders {
        found.extend(circles(edges).into_iter().map(|members| (folder.as_str(), members.into_iter().collect())));
    }
    // a known circle may lose members until it is none
    let holds = |(folder, members): &(&str, &[&str]), (place, circle): &(&str, BTreeSet<String>)| {
        folder == place && circle.iter().all(|member| members.contains(&member.as_str()))
    };
    let new: Vec<_> = found.iter().filter(|circle| !KNOWN.iter().any(|known| holds(known, circle))).collect();
    let gone: Vec<_> = KNOWN.iter().filter(|known| !found.iter().any(|circle| holds(known, circle))).collect();
    assert!(
        new.is_empty() && gone.is_empty(),
        "new circles: {new:?}\nno circles any more, to be taken from the list: {gone:?}"
    );
}

/// The strongly connected components of more than one node (Tarjan), each sorted.
fn circles(edges: &BTreeMap<String, BTreeSet<String>>) -> Vec<Vec<String>> {
    let mut search =
        Search { edges, index: BTreeMap::new(), low: BTreeMap::new(), stack: Vec::new(), found: Vec::new() };
    for node in edges.keys() {
        if !search.index.contains_key(node.as_str()) {
            search.visit(node);
        }
    }
    search.found
}

struct Search<'a> {
    edges: &'a BTreeMap<String, BTreeSet<String>>,
    index: BTreeMap<&'a str, usize>,
    low: BTreeMap<&'a str, usize>,
    stack: Vec<&'a str>,
    found: Vec<Vec<String>>,
}

impl<'a> Search<'a> {
    fn visit(&mut self, node: &'a str) {
        let number = self.index.len();
        self.index.insert(node, number);
        self.low.insert(node, number);
        self.stack.push(node);
        for next in self.edges.get(node).into_iter().flatten() {
            if !self.index.contains_key(next.as_str()) {
                self.visit(next);
                self.low.insert(node, self.low[node].min(self.low[next.as_str()]));
            } else if self.stack.contains(&next.as_str()) {
                self.low.insert(node, self.low[node].min(self.index[next.as_str()]));
            }
        }
        if self.low[node] == number {
            let mut members = Vec::new();
            while let Some(member) = self.stack.pop() {
                members.push(member.to_owned());
                if member == node {
                    break;
                }
            }
            members.sort();
            if members.len() > 1 {
                self.found.push(members);
            }
        }
    }
}

#[test]
fn a_circle_is_found() {
    let edges = [("a", vec!["b"]), ("b", vec!["c", "d"]), ("c", vec!["a"]), ("d", vec![])]
        .map(|(from, to)| (from.to_owned(), to.into_iter().map(str::to_owned).collect()));
    assert_eq!(circles(&edges.into()), [["a", "b", "c"]]);
}
