//! From a path as a tool printed it to a path from the work tree's root.
//!
//! A tool prints what it was given: an absolute path, one relative to the directory it ran in, or, under
//! a task runner, one relative to a package. Directories that may be meant are tried in order; after
//! that the one file of the tree whose path ends so is taken, if there is exactly one.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::path_text::{joined, normal, undecorated};

/// Files of a tree beyond this are not searched.
const FILES: usize = 300_000;
/// How often one scan searches the whole tree; more would not find a better first diagnostic.
const SEARCHES: u32 = 200;
/// Directories of other people's code.
const DEPENDENCIES: [&str; 8] =
    ["node_modules", "site-packages", "vendor", ".venv", "venv", ".cargo", ".yarn", "bower_components"];

/// Where a path leads, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Locality {
    /// To no file that is known.
    Unknown,
    /// To a file outside the tree, or of a dependency.
    Foreign,
    /// To a file of the tree.
    InTree,
}

/// A path, resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ResolvedPath {
    /// From the tree's root; absolute when it is outside; as printed when it leads nowhere.
    pub(super) path: String,
    /// Where it leads.
    pub(super) locality: Locality,
}

/// The files of a work tree, listed only if need be.
#[derive(Debug)]
pub(super) struct SourceTree {
    root: PathBuf,
    /// The root without symbolic links, which is what most tools print.
    real_root: PathBuf,
    files: OnceCell<Vec<String>>,
    packages: OnceCell<Packages>,
    found: RefCell<HashMap<String, Vec<String>>>,
    searches: Cell<u32>,
}

#[derive(Debug, Default)]
struct Packages {
    named: HashMap<String, String>,
    go_modules: Vec<(String, String)>,
}

impl SourceTree {
    /// The tree at `root`, an absolute path.
    pub(super) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            real_root: root.canonicalize().unwrap_or_else(|_| root.to_owned()),
            files: OnceCell::new(),
            packages: OnceCell::new(),
            found: RefCell::default(),
            searches: Cell::new(0),
        }
    }

    /// Resolves `printed`, trying `bases` (directories from the root) in order.
    pub(super) fn resolve<'a>(&self, printed: &str, bases: impl Iterator<Item = &'a str> + Clone) -> ResolvedPath {
        let path = undecorated(printed);
        if path.starts_with('/') {
            return match self.below_root(Path::new(path)) {
                Some(relative) => self
                    .known(relative)
                    .unwrap_or_else(|relative| ResolvedPath { path: relative, locality: Locality::Unknown }),
                None if Path::new(path).is_file() => {
                    ResolvedPath { path: path.to_owned(), locality: Locality::Foreign }
                }
                None => ResolvedPath { path: path.to_owned(), locality: Locality::Unknown },
            };
        }
        for base in bases.clone() {
            let whole = normal(&self.real_root.join(base).join(path));
            let Some(relative) = self.below_root(&whole) else {
                if whole.is_file() {
                    return ResolvedPath { path: whole.to_string_lossy().into_owned(), locality: Locality::Foreign };
                }
                continue;
            };
            if let Ok(place) = self.known(relative) {
                return place;
            }
        }
        let candidates = self.files_ending(path);
        let chosen = match candidates.as_slice() {
            [] => None,
            [only] => Some(only),
            several => bases.filter(|base| !base.is_empty()).find_map(|base| {
                several.iter().find(|file| file.strip_prefix(base).is_some_and(|rest| rest.starts_with('/')))
            }),
        };
        match chosen {
            Some(file) => ResolvedPath { path: file.clone(), locality: locality_of(file) },
            None => ResolvedPath { path: path.to_owned(), locality: Locality::Unknown },
        }
    }

    /// The directory of a package by its name in `package.json`, or of a Go import path.
    pub(super) fn package_dir(&self, name: &str) -> Option<String> {
        let packages = self.packages.get_or_init(|| self.read_packages());
        packages.named.get(name).cloned().or_else(|| {
            packages.go_modules.iter().find_map(|(module, directory)| {
                let rest = name.strip_prefix(module.as_str())?;
                let rest = if rest.is_empty() { rest } else { rest.strip_prefix('/')? };
                Some(joined(directory, rest))
            })
        })
    }

    /// `path` as a directory from the root, if it is one; relative paths are taken from `base`.
    pub(super) fn directory(&self, base: &str, path: &str) -> Option<String> {
        let whole = normal(&self.real_root.join(base).join(path));
        let directory = if whole.is_dir() {
            whole.as_path()
        } else if whole.is_file() {
            whole.parent()?
        } else {
            return None;
        };
        self.below_root(directory)
    }

    /// The path from the root, if it is below it.
    fn below_root(&self, path: &Path) -> Option<String> {
        let path = normal(path);
        let relative = path.strip_prefix(&self.real_root).or_else(|_| path.strip_prefix(&self.root)).ok()?;
        Some(relative.to_str()?.to_owned())
    }

    fn known(&self, relative: String) -> Result<ResolvedPath, String> {
        if self.real_root.join(&relative).is_file() {
            Ok(ResolvedPath { locality: locality_of(&relative), path: relative })
        } else {
            Err(relative)
        }
    }

    fn files_ending(&self, path: &str) -> Vec<String> {
        let path = path.trim_start_matches("./").trim_start_matches("../");
        // a bare word would match anywhere
        if !path.contains(['/', '.']) || path.ends_with('/') || path.contains("..") {
            return Vec::new();
        }
        if let Some(known) = self.found.borrow().get(path) {
            return known.clone();
        }
        if self.searches.get() >= SEARCHES {
            return Vec::new();
        }
        self.searches.set(self.searches.get() + 1);
        let matching: Vec<String> = self
            .files()
            .iter()
            .filter(|file| file.strip_suffix(path).is_some_and(|rest| rest.is_empty() || rest.ends_with('/')))
            .cloned()
            .collect();
        self.found.borrow_mut().insert(path.to_owned(), matching.clone());
        matching
    }

    fn files(&self) -> &[String] {
        self.files.get_or_init(|| {
            ignore::WalkBuilder::new(&self.real_root)
                .hidden(false)
                .filter_entry(|entry| entry.file_name() != ".git")
                .build()
                .filter_map(Result::ok)
                .filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()))
                .filter_map(|entry| entry.path().strip_prefix(&self.real_root).ok()?.to_str().map(str::to_owned))
                .take(FILES)
                .collect()
        })
    }

    fn read_packages(&self) -> Packages {
        let mut packages = Packages::default();
        for file in self.files() {
            let (directory, name) = file.rsplit_once('/').unwrap_or(("", file));
            if name != "package.json" && name != "go.mod" {
                continue;
            }
            let Ok(text) = std::fs::read_to_string(self.real_root.join(file)) else { continue };
            if name == "go.mod" {
                if let Some(found) = pattern!(r"(?m)^module\s+(\S+)").captures(&text) {
                    packages.go_modules.push((found[1].to_owned(), directory.to_owned()));
                }
            } else if let Some(name) = serde_json::from_str::<serde_json::Value>(&text)
                .ok()
                .and_then(|json| Some(json.get("name")?.as_str()?.to_owned()))
            {
                packages.named.entry(name).or_insert_with(|| directory.to_owned());
            }
        }
        // the longest module path is the nearest
        packages.go_modules.sort_by_key(|(module, _)| std::cmp::Reverse(module.len()));
        packages
    }
}

fn locality_of(relative: &str) -> Locality {
    if relative.split('/').any(|part| DEPENDENCIES.contains(&part)) { Locality::Foreign } else { Locality::InTree }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> (tempfile::TempDir, SourceTree) {
        let directory = tempfile::tempdir().unwrap();
        for (file, text) in [
            ("packages/api/package.json", r#"{"name":"@acme/api"}"#),
            ("packages/api/src/price.ts", ""),
            ("packages/web/src/price.ts", ""),
            ("packages/web/src/only.ts", ""),
            ("node_modules/left/index.js", ""),
            ("queue/go.mod", "module example.com/acme/queue\n"),
        ] {
            let path = directory.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let tree = SourceTree::new(directory.path());
        (directory, tree)
    }

    #[test]
    fn paths_become_relative_to_the_root() {
        let (directory, tree) = tree();
        let here = |path: &str| ResolvedPath { path: path.to_owned(), locality: Locality::InTree };
        let resolve = |printed: &str, base: &'static str| tree.resolve(printed, [base].into_iter());
        assert_eq!(resolve("src/price.ts", "packages/api"), here("packages/api/src/price.ts"));
        assert_eq!(resolve("../api/./src/price.ts", "packages/web"), here("packages/api/src/price.ts"));
        assert_eq!(resolve("src/only.ts", ""), here("packages/web/src/only.ts"), "the only file that ends so");
        assert_eq!(
            resolve("price.ts", "packages/web"),
            here("packages/web/src/price.ts"),
            "of several, the one below the base"
        );
        let absolute = format!("file://{}/packages/api/src/price.ts?t=1", directory.path().display());
        assert_eq!(resolve(&absolute, ""), here("packages/api/src/price.ts"));
        assert_eq!(resolve("webpack://web/./packages/web/src/only.ts", ""), here("packages/web/src/only.ts"));
    }

    #[test]
    fn what_is_not_the_trees_own_is_told_apart() {
        let (_directory, tree) = tree();
        let locality = |printed: &str| tree.resolve(printed, [""].into_iter()).locality;
        assert_eq!(locality("node_modules/left/index.js"), Locality::Foreign);
        assert_eq!(locality("/etc/passwd"), Locality::Foreign);
        assert_eq!(locality("src/price.ts"), Locality::Unknown, "two files end so");
        assert_eq!(locality("localhost"), Locality::Unknown);
        assert_eq!(locality("127.0.0.1"), Locality::Unknown);
    }

    #[test]
    fn packages_are_found_by_name() {
        let (_directory, tree) = tree();
        assert_eq!(tree.package_dir("@acme/api").as_deref(), Some("packages/api"));
        assert_eq!(tree.package_dir("example.com/acme/queue").as_deref(), Some("queue"));
        assert_eq!(tree.package_dir("example.com/acme/queue/worker").as_deref(), Some("queue/worker"));
        assert_eq!(tree.package_dir("example.com/acme/queuex"), None);
    }
}
