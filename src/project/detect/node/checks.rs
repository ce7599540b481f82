//! JavaScript: the commands that say whether work is done.

use super::packages::{Package, packages};
use crate::project::detect::facts::{Check, Facts};
use crate::project::detect::tree::{Tree, base_name, join};

const TYPES: [&str; 8] =
    ["typecheck", "type-check", "check-types", "check:types", "types:check", "tsc", "types", "ts:check"];
const LINT: [&str; 4] = ["lint", "lint:check", "eslint", "lint:js"];
const TEST: [&str; 5] = ["test:unit", "test:ci", "test:run", "test", "unit"];

pub(in crate::project::detect) fn detect(tree: &Tree) -> Facts {
    let mut facts = Facts::default();
    let all = packages(tree);
    let several = all.len() > 1;
    let root_runs_all = |script: &str| {
        let root = all.first().filter(|package| several && package.directory.is_empty());
        root.and_then(|package| package.script(script)).is_some_and(|text| {
            ["turbo", "nx ", "lerna", "-r ", "--recursive", "workspaces", "--filter", "-ws"]
                .iter()
                .any(|way| text.contains(way))
        })
    };
    for (stage, what, names) in [("check", "types", &TYPES[..]), ("check", "lint", &LINT), ("test", "test", &TEST)] {
        if let Some(script) = names.iter().find(|script| root_runs_all(script)) {
            let root = &all[0];
            let evidence = format!("package.json: scripts.{script}");
            facts.checks.push(Check::new(stage, what, "", root.manager.script(script, ""), evidence));
            continue;
        }
        for package in &all {
            if let Some(check) = check(tree, package, stage, what, names, several) {
                facts.checks.push(check);
            }
        }
    }
    for check in facts.checks.iter_mut().filter(|check| check.stage != "check") {
        check.environment.push(("CI".to_owned(), "true".to_owned()));
    }
    for check in &facts.checks {
        facts.saw.push((format!("a command for {}", check.name), check.evidence.clone()));
    }
    facts
}

fn check(
    tree: &Tree,
    package: &Package,
    stage: &'static str,
    what: &str,
    names: &[&str],
    several: bool,
) -> Option<Check> {
    let name = if several && !package.directory.is_empty() {
        format!("{}-{what}", base_name(&package.directory))
    } else {
        what.to_owned()
    };
    let script = names.iter().find(|script| package.script(script).is_some_and(ends_by_itself));
    if let Some(script) = script {
        let text = package.script(script).unwrap_or_default();
        let stage = if stage == "test" && is_end_to_end(text) { "e2e" } else { stage };
        let evidence = format!("{}: scripts.{script}", package.manifest());
        return Some(Check::new(stage, &name, &package.directory, package.manager.script(script, ""), evidence));
    }
    if what != "types" {
        return None;
    }
    let (command, evidence) = types(tree, package)?;
    Some(Check::new(stage, &name, &package.directory, command, evidence))
}

/// A type check that no script names.
fn types(tree: &Tree, package: &Package) -> Option<(String, String)> {
    let config = join(&package.directory, "tsconfig.json");
    if package.depends_on("svelte-check") && package.script("check").is_some() {
        return Some((package.manager.script("check", ""), format!("{}: scripts.check", package.manifest())));
    }
    let generates = ["nuxt", "astro", "@react-router/dev"].iter().any(|name| package.depends_on(name));
    if generates || !package.depends_on("typescript") || !tree.has(&config) {
        return None;
    }
    let text = tree.text(&config).unwrap_or_default();
    let command = if text.contains("\"references\"") { "tsc -b --noEmit" } else { "tsc --noEmit" };
    Some((package.manager.program_call(command), config))
}

/// Not a watcher, not npm's placeholder, nothing that writes.
fn ends_by_itself(text: &str) -> bool {
    !["no test specified", "--watch", " watch", "--ui", "--fix", "--open", "cypress open"]
        .iter()
        .any(|one| text.contains(one))
        || text.contains("--watchAll=false")
}

fn is_end_to_end(text: &str) -> bool {
    ["playwright", "cypress", "wdio", "nightwatch", "testcafe", "detox"].iter().any(|tool| text.contains(tool))
}
