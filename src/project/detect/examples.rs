//! Dotenv files: example files with their values, tracked ones as they are, and of others the names only.

use std::sync::LazyLock;

use regex::Regex;

use super::facts::{Example, Facts};
use super::meanings;
use super::tree::{Tree, base_name, parent};
use crate::project::dotenv;

/// Names of files that show what `.env` holds: `.env.example`, `env.sample`, `env-example-relational`.
static EXAMPLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\.?(?:env([.-][\w-]+)*[.-](?:example|sample|template|dist|defaults|tpl)([.-][\w-]+)*|(?:example|sample)\.env)$")
        .expect("the pattern is right")
});

/// Of several examples those with such a word come last.
const UNLIKELY: [&str; 9] = ["test", "prod", "document", "mongo", "mysql", "docker", "ci", "staging", "e2e"];

/// Directories below which no application's example lies.
const ASIDE: [&str; 8] = ["docs", "examples", "example", "docker", "deploy", "e2e", "node_modules", "podman"];

pub(super) fn detect(tree: &Tree) -> Facts {
    let mut facts = Facts::default();
    let is_example =
        |path: &&str| EXAMPLE.is_match(base_name(path)) && !path.split('/').any(|part| ASIDE.contains(&part));
    let mut paths: Vec<&str> = tree.paths().filter(is_example).collect();
    paths.sort_by_key(|path| {
        let name = base_name(path);
        (path.matches('/').count(), UNLIKELY.iter().any(|word| name.contains(word)), name != ".env.example", name.len())
    });
    let mut directories: Vec<&str> = Vec::new();
    for path in paths {
        // of two examples in one directory the likelier counts
        if directories.contains(&parent(path)) {
            continue;
        }
        directories.push(parent(path));
        facts.see("variables of the environment", path);
        for (name, value) in read(tree.text(path).unwrap_or_default()) {
            facts.variables.push(Example { name, value: Some(value), evidence: path.to_owned() });
        }
    }
    for path in &tree.tracked {
        let aside = path.split('/').any(|part| ASIDE.contains(&part) || part == "test" || part == "tests");
        let readable = dotenv::parse(tree.text(path).unwrap_or_default(), &|_| None).is_ok();
        if aside {
            continue;
        }
        facts.see("variables of the environment, which git tracks", path.clone());
        // one of a package is read by its own program
        if path.contains('/') {
            facts.layered.insert(path.clone());
        } else if readable {
            facts.env_files.push(path.clone());
        } else {
            facts
                .unknown
                .push(format!("{path} has lines that are no variables: its values are not layered under [env]"));
        }
        // their values hold, but what belongs to an agent is replaced
        for (name, value) in read(tree.text(path).unwrap_or_default()) {
            if let Some(secret) = meanings::development_secret(&name).filter(|_| value.is_empty()) {
                facts.settle(name.clone(), secret, format!("{path} leaves it empty; a value for development"));
            }
            let value = meanings::is_secret(&name).then(String::new).unwrap_or(value);
            facts.variables.push(Example { name, value: Some(value), evidence: path.clone() });
        }
    }
    let known: Vec<String> = facts.variables.iter().map(|variable| variable.name.clone()).collect();
    for path in [".env", ".env.local"].into_iter().filter(|path| tree.has(path) && !tree.tracked.contains(*path)) {
        facts.see("names of variables; their values are not copied", path);
        for (name, _) in read(tree.text(path).unwrap_or_default()) {
            if !known.contains(&name) {
                facts.variables.push(Example { name, value: None, evidence: path.to_owned() });
            }
        }
    }
    facts
}

/// The variables of a dotenv file; lines that cannot be read are left out.
fn read(text: &str) -> Vec<(String, String)> {
    let lookup = |_: &str| None;
    if let Ok(entries) = dotenv::parse(text, &lookup) {
        return entries;
    }
    text.lines().filter_map(|line| dotenv::parse(line, &lookup).ok()).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_an_example_are_read_and_those_of_secrets_are_not() {
        let tree = Tree::of([
            (".env.example".to_owned(), Some("A=1\nnot a variable\nB=\n".to_owned())),
            (".env".to_owned(), Some("A=2\nTOKEN=very-secret\n".to_owned())),
        ]);
        let found: Vec<(String, Option<String>)> =
            detect(&tree).variables.into_iter().map(|variable| (variable.name, variable.value)).collect();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(found, [("A".to_owned(), some("1")), ("B".to_owned(), some("")), ("TOKEN".to_owned(), None)]);
    }
}
