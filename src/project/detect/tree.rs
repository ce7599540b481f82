//! The listing of a repository and the text of those files that detectors read.

use std::collections::{BTreeMap, BTreeSet};

/// An interpreter of Python on this machine that a command can name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Interpreter {
    /// The number behind `3.`
    pub(super) minor: u16,
    /// Whether it answers only where `PYENV_VERSION` names it: a shim of pyenv fails for a version that is not
    /// chosen.
    pub(super) by_pyenv: bool,
}

/// A repository as detectors see it: paths with `/`, relative to its root.
#[derive(Debug, Clone, Default)]
pub(super) struct Tree {
    /// Text by path; none of a file that is only listed.
    files: BTreeMap<String, Option<String>>,
    /// The name of the directory, for a repository that names itself nowhere.
    pub(super) directory_name: String,
    /// Whether it is the root of a git repository that has a commit, so that it can have work trees.
    pub(super) has_commits: bool,
    /// The dotenv files that git tracks.
    pub(super) tracked: BTreeSet<String>,
    /// Which of the programs that detectors ask for are on PATH.
    pub(super) installed: BTreeSet<String>,
    /// Directories that are not walked but hold files that git tracks, such as a `dist` that is committed.
    pub(super) built: BTreeSet<String>,
    /// The version of Go, `1.26.1`, where it is known.
    pub(super) go: Option<String>,
    /// The major version of Node, where it is known.
    pub(super) node: Option<u16>,
    /// The version of `python3`, the number behind `3.`, where it is known.
    pub(super) python3: Option<u16>,
    /// The interpreters of Python that have a name with a version.
    pub(super) interpreters: Vec<Interpreter>,
}

impl Tree {
    /// A tree of files.
    pub(super) fn of(files: impl IntoIterator<Item = (String, Option<String>)>) -> Self {
        Self { files: files.into_iter().collect(), ..Self::default() }
    }

    /// Whether there is such a file.
    pub(super) fn has(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// Whether there is a file below this directory.
    pub(super) fn has_directory(&self, directory: &str) -> bool {
        self.under(directory).next().is_some()
    }

    /// Whether git has files in a directory that is not walked, or in one above or below it.
    pub(super) fn has_built(&self, directory: &str) -> bool {
        let is_below = |path: &str, above: &str| path == above || path.starts_with(&format!("{above}/"));
        self.built.iter().any(|built| is_below(built, directory) || is_below(directory, built))
    }

    /// The text of a file.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path)?.as_deref()
    }

    /// A file of JSON; none where it is no JSON.
    pub(super) fn json(&self, path: &str) -> Option<serde_json::Value> {
        serde_json::from_str(self.text(path)?).ok()
    }

    /// A file of TOML; none where it is no TOML.
    pub(super) fn toml(&self, path: &str) -> Option<toml::Table> {
        self.text(path)?.parse().ok()
    }

    /// Every path, sorted.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// The paths below a directory; all for the root, which is the empty string.
    pub(super) fn under<'a>(&'a self, directory: &'a str) -> impl Iterator<Item = &'a str> {
        self.paths().filter(move |path| {
            directory.is_empty()
                || path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/') && rest.len() > 1)
        })
    }

    /// The files of this name in any directory, the nearest to the root first.
    pub(super) fn named(&self, name: &str) -> Vec<&str> {
        let mut found: Vec<&str> = self.paths().filter(|path| base_name(path) == name).collect();
        found.sort_by_key(|path| path.matches('/').count());
        found
    }

    /// The texts of files below a directory with one of these extensions.
    pub(super) fn sources<'a>(
        &'a self,
        directory: &'a str,
        extensions: &'a [&'a str],
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.under(directory)
            .filter(|path| extensions.iter().any(|extension| extension_of(path) == *extension))
            .filter_map(|path| Some((path, self.text(path)?)))
    }

    /// Whether a program is on PATH.
    pub(super) fn has_program(&self, program: &str) -> bool {
        self.installed.contains(program)
    }
}

/// The last component.
pub(super) fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Everything before the last component; empty at the root.
pub(super) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// The extension without its dot; empty where there is none.
pub(super) fn extension_of(path: &str) -> &str {
    base_name(path).rsplit_once('.').map_or("", |(_, extension)| extension)
}

/// Directories that hold no part of an application: examples, tests and what they read.
pub(super) fn is_aside(path: &str) -> bool {
    let words = [
        "test", "tests", "testing", "testdata", "example", "examples", "fixture", "fixtures", "e2e", "sample",
        "samples",
    ];
    path.split('/').any(|part| {
        let plain = part.trim_matches(['_', '.']).to_lowercase();
        let mut parts = plain.split(['-', '_']);
        let ends = parts.next_back().unwrap_or_default();
        words.contains(&plain.as_str())
            || plain.contains(['-', '_']) && !plain.contains('.') && (words.contains(&ends) || plain.starts_with("e2e"))
    })
}

/// A path below a directory.
pub(super) fn join(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}

/// `path` as seen from `directory`, both relative to the root: `../x` where it is not below.
pub(super) fn relative(directory: &str, path: &str) -> String {
    let from: Vec<&str> = directory.split('/').filter(|part| !part.is_empty()).collect();
    let to: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let shared = from.iter().zip(&to).take_while(|(left, right)| left == right).count();
    let up = std::iter::repeat_n("..", from.len() - shared);
    up.chain(to[shared..].iter().copied()).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_taken_apart_and_put_together() {
        assert_eq!((base_name("a/b.rs"), parent("a/b.rs"), extension_of("a/b.rs")), ("b.rs", "a", "rs"));
        assert_eq!((base_name("b"), parent("b"), extension_of("a.d/b")), ("b", "", ""));
        for path in [
            "_examples/a.go",
            "a/testdata/b",
            "e2e-tests/a.ts",
            "packages/web-e2e/x",
            "__tests__/a",
            "integration_tests/a",
        ] {
            assert!(is_aside(path), "{path}");
        }
        for path in ["contest/a.go", "src/latest/b", "app/sampler.py", "cmd/my-server/main.go", "a/test-b/x.go"] {
            assert!(!is_aside(path), "{path}");
        }
        assert_eq!(relative("", ".venv/bin/python"), ".venv/bin/python");
        assert_eq!(relative("backend/app", ".venv/bin"), "../../.venv/bin");
        assert_eq!(relative("backend/app", "backend/.venv"), "../.venv");
    }
}
