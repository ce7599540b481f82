//! The packages of JavaScript in a tree, and the workspaces that they belong to.

use globset::Glob;
use serde_json::Value;

use super::manager::{Manager, manager};
use crate::project::detect::tree::{Tree, is_aside as is_aside_by_word, join, parent};

/// A `package.json`.
#[derive(Debug, Clone)]
pub(in crate::project::detect) struct Package {
    /// Its directory; empty at the root.
    pub(in crate::project::detect) directory: String,
    pub(in crate::project::detect) manager: Manager,
    pub(in crate::project::detect) json: Value,
}

impl Package {
    pub(in crate::project::detect) fn manifest(&self) -> String {
        join(&self.directory, "package.json")
    }

    pub(in crate::project::detect) fn name(&self) -> Option<&str> {
        self.json.get("name")?.as_str()
    }

    pub(in crate::project::detect) fn script(&self, name: &str) -> Option<&str> {
        self.json.get("scripts")?.get(name)?.as_str()
    }

    /// The names of its scripts, in the order of the file.
    pub(in crate::project::detect) fn scripts(&self) -> Vec<&str> {
        let scripts = self.json.get("scripts").and_then(Value::as_object);
        scripts.into_iter().flat_map(|scripts| scripts.keys().map(String::as_str)).collect()
    }

    /// Whether it depends on a package.
    pub(in crate::project::detect) fn depends_on(&self, name: &str) -> bool {
        ["dependencies", "devDependencies"]
            .iter()
            .any(|kind| self.json.get(kind).and_then(|table| table.get(name)).is_some())
    }
}

/// The packages of a tree: those of the root's workspaces, and those that stand alone.
pub(in crate::project::detect) fn packages(tree: &Tree) -> Vec<Package> {
    let mut packages: Vec<Package> = Vec::new();
    for path in tree.named("package.json") {
        let directory = parent(path).to_owned();
        let Some(json) = tree.json(path).filter(Value::is_object) else { continue };
        if is_aside(&directory) {
            continue;
        }
        let owner = packages.iter().find(|root| is_member(tree, root, &directory)).map(|root| root.manager);
        let manager = owner.unwrap_or_else(|| manager(tree, &directory, &json));
        packages.push(Package { directory, manager, json });
    }
    packages
}

/// Directories whose packages are no part of the application.
fn is_aside(directory: &str) -> bool {
    let aside = [
        "example",
        "examples",
        "fixtures",
        "test",
        "tests",
        "templates",
        "e2e",
        "docs",
        "playground",
        "demo",
        "remix.init",
    ];
    is_aside_by_word(directory)
        || directory.split('/').any(|part| aside.contains(&part) || part.starts_with('.') || part.starts_with("__"))
}

/// The patterns of a workspace's members.
fn workspaces(tree: &Tree, root: &Package) -> Vec<String> {
    let listed = match root.json.get("workspaces") {
        Some(Value::Array(patterns)) => Some(patterns),
        Some(Value::Object(table)) => table.get("packages").and_then(Value::as_array),
        _ => None,
    };
    let mut patterns: Vec<String> =
        listed.into_iter().flatten().filter_map(|pattern| Some(pattern.as_str()?.to_owned())).collect();
    if let Some(text) = tree.text(&join(&root.directory, "pnpm-workspace.yaml")) {
        let parsed: Option<Value> = serde_saphyr::from_str(text).ok();
        let listed = parsed.as_ref().and_then(|value| value.get("packages")?.as_array());
        patterns.extend(listed.into_iter().flatten().filter_map(|pattern| Some(pattern.as_str()?.to_owned())));
    }
    patterns
}

pub(in crate::project::detect) fn is_member(tree: &Tree, root: &Package, directory: &str) -> bool {
    if root.directory == directory {
        return false;
    }
    workspaces(tree, root).iter().any(|pattern| {
        let pattern = join(&root.directory, pattern.trim_start_matches("./").trim_end_matches('/'));
        !pattern.starts_with('!') && Glob::new(&pattern).is_ok_and(|glob| glob.compile_matcher().is_match(directory))
    })
}
