//! One path of a process's `watch`: a file, a directory, or a glob.

use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

use super::rules::Rules;

/// A watched path.
#[derive(Debug)]
pub(super) struct Root {
    /// What is watched: the path itself, or the directories of a glob before its first wildcard.
    pub(super) base: PathBuf,
    /// What a path must match to count; `None` where everything below the base does.
    pattern: Option<GlobMatcher>,
    rules: Rules,
    /// Whether the base was there when it was last looked for.
    pub(super) is_there: bool,
}

impl Root {
    pub(super) fn new(path: &Path, ignore: &[String]) -> Self {
        let (base, pattern) = match first_wildcard(path) {
            Some(base) => (base, matcher(path).ok()),
            None => (path.to_owned(), None),
        };
        let rules = Rules::new(&base, ignore);
        Self { base, pattern, rules, is_there: false }
    }

    /// Takes in the rules of a directory below the base.
    pub(super) fn enter(&mut self, directory: &Path) {
        self.rules.enter(directory);
    }

    /// Whether a directory below the base is not watched.
    pub(super) fn leaves_out(&self, directory: &Path) -> bool {
        self.rules.ignores(directory, true)
    }

    /// Whether a change of this path counts.
    pub(super) fn counts(&self, path: &Path, is_directory: bool) -> bool {
        // a directory that comes or goes may hold what the pattern is about
        let matches = |pattern: &GlobMatcher| is_directory || pattern.is_match(path);
        !self.rules.ignores(path, is_directory) && self.pattern.as_ref().is_none_or(matches)
    }

    /// The nearest directory above the base that exists.
    pub(super) fn nearest_parent(&self) -> Option<&Path> {
        self.base.ancestors().skip(1).find(|directory| directory.is_dir())
    }
}

/// The pattern of a path with wildcards.
///
/// # Errors
/// It is not a glob.
pub(crate) fn matcher(path: &Path) -> Result<GlobMatcher, globset::Error> {
    // `*` stays within a directory, as in a shell
    GlobBuilder::new(&path.to_string_lossy()).literal_separator(true).build().map(|glob| glob.compile_matcher())
}

/// The directories before the first part with a wildcard; `None` where no part has one.
pub(crate) fn first_wildcard(path: &Path) -> Option<PathBuf> {
    // a file whose name holds such a character is meant literally
    if path.exists() {
        return None;
    }
    let parts: Vec<_> = path.components().collect();
    let at = parts.iter().position(|part| part.as_os_str().to_string_lossy().contains(['*', '?', '[', '{']))?;
    Some(parts[..at].iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_watches_its_directory_and_counts_what_it_matches() {
        let place = tempfile::tempdir().unwrap();
        let base = place.path().join("dist");
        let root = Root::new(&base.join("**/*.js"), &[]);
        assert_eq!(root.base, base);
        assert!(root.counts(&base.join("a.js"), false) && root.counts(&base.join("deep/er/a.js"), false));
        assert!(!root.counts(&base.join("a.css"), false) && root.counts(&base.join("deep"), true));
        let flat = Root::new(&base.join("*.js"), &[]);
        assert!(flat.counts(&base.join("a.js"), false) && !flat.counts(&base.join("deep/a.js"), false));
        assert_eq!(root.nearest_parent(), Some(place.path()));
        assert!(matcher(Path::new("/x/[")).is_err());
    }
}
