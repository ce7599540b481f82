//! Reads which file of `src` imports which: `use` trees and paths in code, followed through the re-exports of
//! module roots to the file that defines the name.
//!
//! It is a reader for this code base, formatted by rustfmt, and no parser of Rust: a path that begins with
//! `crate::`, `super::` or `self::` counts, also where it stands in an expression. Units beside the code
//! (`#[cfg(test)]`) do not count.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A module path below `crate`, for example `["infra", "docker", "plan"]`.
type ModulePath = Vec<String>;

/// One module, and the names that it brings in or hands on.
struct Module {
    file: PathBuf,
    /// Full paths of all imports.
    paths: Vec<ModulePath>,
    /// Names of `use` declarations: what they stand for.
    names: BTreeMap<String, ModulePath>,
    /// Child modules that exist in tests only.
    only_tests: BTreeSet<String>,
}

/// All modules of `src`.
pub(super) struct Imports {
    root: PathBuf,
    modules: BTreeMap<ModulePath, Module>,
}

impl Imports {
    pub(super) fn read(root: &Path) -> Imports {
        let mut imports = Imports { root: root.to_owned(), modules: BTreeMap::new() };
        for file in super::rust_files(root) {
            let path = module_path(file.strip_prefix(root).unwrap());
            if path.iter().any(|part| part == "tests") || path == ["main"] {
                continue;
            }
            let module = Module::read(&file, &path);
            imports.modules.insert(path, module);
        }
        let only_tests: Vec<ModulePath> = imports
            .modules
            .iter()
            .flat_map(|(path, module)| module.only_tests.iter().map(|child| joined(path, [child.clone()])))
            .collect();
        imports.modules.retain(|path, _| !only_tests.iter().any(|gone| path.starts_with(gone)));
        imports
    }

    /// The same for what stands in one folder: its files, and its subfolders each as a whole. For every folder.
    pub(super) fn folders(&self) -> BTreeMap<String, BTreeMap<String, BTreeSet<String>>> {
        let mut folders: BTreeMap<String, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
        for (from, targets) in &self.edges() {
            for folder in from.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty()) {
                let child = |file: &Path| Some(name(file.strip_prefix(folder).ok()?.iter().next()?.as_ref()));
                let from = child(from).unwrap();
                let targets: Vec<String> = targets.iter().filter_map(|to| child(to)).filter(|to| *to != from).collect();
                folders.entry(name(folder)).or_default().entry(from).or_default().extend(targets);
            }
        }
        folders
    }

    /// Which file imports which, as paths below `src`; module roots aside, since they only declare.
    fn edges(&self) -> BTreeMap<PathBuf, BTreeSet<PathBuf>> {
        let mut edges: BTreeMap<PathBuf, BTreeSet<PathBuf>> = BTreeMap::new();
        for module in self.modules.values().filter(|module| !is_root(&module.file)) {
            let from = self.relative(&module.file);
            let targets = module.paths.iter().filter_map(|path| self.file_of(path, 0));
            let targets: BTreeSet<PathBuf> = targets.filter(|to| !is_root(to) && *to != from).collect();
            edges.insert(from, targets);
        }
        edges
    }

    fn relative(&self, file: &Path) -> PathBuf {
        file.strip_prefix(&self.root).unwrap().to_owned()
    }

    /// The file that defines what a path names.
    fn file_of(&self, path: &[String], depth: usize) -> Option<PathBuf> {
        let known = (0..=path.len()).rev().find(|length| self.modules.contains_key(&path[..*length]))?;
        let module = &self.modules[&path[..known]];
        // a re-export leads on to where the name comes from
        if let Some(target) = path.get(known).and_then(|name| module.names.get(name))
            && depth < 8
            && is_root(&module.file)
        {
            let rest = path[known + 1..].iter().cloned();
            return self.file_of(&joined(target, rest), depth + 1);
        }
        Some(self.relative(&module.file))
    }
}

impl Module {
    fn read(file: &Path, path: &[String]) -> Module {
        let text = code(&fs::read_to_string(file).unwrap());
        let mut module =
            Module { file: file.to_owned(), paths: Vec::new(), names: BTreeMap::new(), only_tests: only_tests(&text) };
        let mut rest = String::new();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            let Some(start) = use_tree(line) else {
                rest.push_str(line);
                rest.push('\n');
                continue;
            };
            let mut tree = start.to_owned();
            while !tree.contains(';') {
                tree.push_str(lines.next().expect("a `use` ends with a semicolon").trim());
            }
            let tree = tree.split(';').next().unwrap().replace(", ", ",");
            for (imported, name) in expanded(&tree) {
                let Some(full) = absolute(&imported, path, file) else {
                    continue;
                };
                module.paths.push(full.clone());
                if let Some(name) = name {
                    module.names.insert(name, full);
                }
            }
        }
        for start in ["crate::", "super::", "self::"] {
            for (at, _) in rest.match_indices(start) {
                if rest[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':') {
                    continue;
                }
                let end = rest[at..].find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
                let inline = rest[at..end.map_or(rest.len(), |end| at + end)].trim_end_matches(':');
                let parts: Vec<String> = inline.split("::").map(str::to_owned).collect();
                module.paths.extend(absolute(&parts, path, file));
            }
        }
        module
    }
}

/// The text without comments and without the units at its end.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.flat_map(|line| [line, "\n"]).collect()
}

fn only_tests(text: &str) -> BTreeSet<String> {
    let declarations = text.split("#[cfg(test)]\n").skip(1);
    declarations
        .filter_map(|after| {
            let line = after.lines().find(|line| !line.starts_with("#["))?;
            Some(line.strip_suffix(';')?.rsplit_once("mod ")?.1.to_owned())
        })
        .collect()
}

/// What follows `use`, where the line begins a declaration.
fn use_tree(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let line = match line.strip_prefix("pub") {
        Some(rest) if rest.starts_with('(') => rest.split_once(')')?.1.trim_start(),
        Some(rest) => rest.trim_start(),
        None => line,
    };
    line.strip_prefix("use ")
}

/// A tree `a::{b, c as d}` as its paths, each with the name that it brings in.
fn expanded(tree: &str) -> Vec<(Vec<String>, Option<String>)> {
    let tree = tree.trim();
    if let Some(open) = tree.find('{') {
        let before: Vec<String> = tree[..open].trim_end_matches("::").split("::").map(str::to_owned).collect();
        let inner = &tree[open + 1..tree.rfind('}').unwrap()];
        return split_top(inner)
            .iter()
            .flat_map(|part| expanded(part))
            .map(|(path, name)| (joined(&before, path), name))
            .map(|(path, name)| (path.into_iter().filter(|part| !part.is_empty()).collect(), name))
            .map(|(path, name): (Vec<String>, _)| match path.last().map(String::as_str) {
                Some("self") if path.len() > 1 => {
                    let path = path[..path.len() - 1].to_vec();
                    let name = path.last().cloned();
                    (path, name)
                }
                _ => (path, name),
            })
            .collect();
    }
    let (path, alias) = tree.split_once(" as ").map_or((tree, None), |(path, alias)| (path, Some(alias.to_owned())));
    let path: Vec<String> = path.split("::").map(|part| part.trim().to_owned()).collect();
    let name = alias.or_else(|| path.last().cloned()).filter(|name| name != "*" && name != "_");
    vec![(path, name)]
}

pub(super) fn split_top(text: &str) -> Vec<&str> {
    let (mut depth, mut from, mut parts) = (0, 0, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[from..]);
    parts.into_iter().filter(|part| !part.trim().is_empty()).collect()
}

/// A path of this crate, counted from its root; none for one of another crate.
fn absolute(path: &[String], module: &[String], file: &Path) -> Option<ModulePath> {
    let mut base: ModulePath = match path.first()?.as_str() {
        "crate" => return Some(path[1..].to_vec()),
        "super" | "self" => module.to_vec(),
        // a module root names its children without a prefix
        first if is_root(file) || file.with_extension("").join(format!("{first}.rs")).exists() => {
            return Some(joined(module, path.iter().cloned()));
        }
        _ => return None,
    };
    let rest: Vec<String> = path
        .iter()
        .skip_while(|part| match part.as_str() {
            "super" => base.pop().is_some(),
            "self" => true,
            _ => false,
        })
        .cloned()
        .collect();
    base.extend(rest);
    Some(base)
}

fn module_path(file: &Path) -> ModulePath {
    let mut path: ModulePath = file.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if path.last().is_some_and(|last| last == "mod" || last == "lib") {
        path.pop();
    }
    path
}

fn name(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn is_root(file: &Path) -> bool {
    file.ends_with("mod.rs") || file.ends_with("lib.rs")
}

fn joined(base: &[String], rest: impl IntoIterator<Item = String>) -> ModulePath {
    base.iter().cloned().chain(rest).collect()
}
