//! Which paths count.

use std::path::{Path, PathBuf};

use globset::{Glob, GlobSet, GlobSetBuilder};
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// Directories that are never entered, whatever the rules say.
const NEVER: [&str; 2] = [".git", "node_modules"];

/// The rules of one watched path.
#[derive(Debug)]
pub(super) struct Rules {
    root: PathBuf,
    /// By directory, the outermost first.
    git: Vec<(PathBuf, Gitignore)>,
    globs: GlobSet,
}

impl Rules {
    /// Rules below `root`, where the globs of the config are relative to it.
    pub(super) fn new(root: &Path, globs: &[String]) -> Self {
        let mut builder = GlobSetBuilder::new();
        for pattern in globs {
            let trimmed = pattern.trim_end_matches('/');
            for pattern in
                [trimmed.to_owned(), format!("{trimmed}/**"), format!("**/{trimmed}"), format!("**/{trimmed}/**")]
            {
                if let Ok(glob) = Glob::new(&pattern) {
                    builder.add(glob);
                }
            }
        }
        let mut rules = Self {
            root: root.to_owned(),
            git: Vec::new(),
            globs: builder.build().unwrap_or_else(|_| GlobSet::empty()),
        };
        // those of the repository that the path lies in
        let mut above: Vec<&Path> = root.ancestors().skip(1).collect();
        if let Some(top) = above.iter().position(|directory| directory.join(".git").exists()) {
            above.truncate(top + 1);
            above.into_iter().rev().for_each(|directory| rules.enter(directory));
        }
        // a path that is named is watched, even if git leaves it out: build outputs are
        if rules.git_ignores(root, true) {
            rules.git.clear();
        }
        rules
    }

    /// Takes in the `.gitignore` of a directory, when it has one.
    pub(super) fn enter(&mut self, directory: &Path) {
        let file = directory.join(".gitignore");
        if file.is_file() && !self.git.iter().any(|(known, _)| known == directory) {
            let mut builder = GitignoreBuilder::new(directory);
            builder.add(&file);
            if let Ok(rules) = builder.build() {
                self.git.push((directory.to_owned(), rules));
            }
        }
    }

    /// Whether a change of this path means nothing.
    pub(super) fn ignores(&self, path: &Path, is_directory: bool) -> bool {
        let Ok(relative) = path.strip_prefix(&self.root) else { return true };
        if relative.iter().any(|part| NEVER.iter().any(|never| part == *never)) || self.globs.is_match(relative) {
            return true;
        }
        self.git_ignores(path, is_directory)
    }

    fn git_ignores(&self, path: &Path, is_directory: bool) -> bool {
        // the innermost rule that says something wins
        let verdicts = self.git.iter().rev().filter(|(directory, _)| path.starts_with(directory));
        let verdict =
            verdicts.map(|(_, rules)| rules.matched_path_or_any_parents(path, is_directory)).find(|it| !it.is_none());
        verdict.is_some_and(|verdict| verdict.is_ignore())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_git_leaves_out_does_not_count() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().join("packages/api");
        fs::create_dir_all(root.join("src/generated")).unwrap();
        fs::create_dir(place.path().join(".git")).unwrap();
        fs::write(place.path().join(".gitignore"), "*.log\n/packages/api/dist\n").unwrap();
        fs::write(root.join("src/.gitignore"), "!keep.log\n").unwrap();
        let mut rules = Rules::new(&root, &["src/generated".to_owned(), "*.tmp".to_owned()]);
        rules.enter(&root.join("src"));
        let cases = [
            ("src/main.ts", false, false),
            ("src/debug.log", false, true),
            ("src/keep.log", false, false),
            ("dist", true, true),
            ("dist/index.js", false, true),
            ("src/generated/types.ts", false, true),
            ("src/deep/x.tmp", false, true),
            ("node_modules", true, true),
            ("src/node_modules/left/index.js", false, true),
            (".git/HEAD", false, true),
        ];
        for (path, is_directory, ignored) in cases {
            assert_eq!(rules.ignores(&root.join(path), is_directory), ignored, "{path}");
        }
    }

    #[test]
    fn a_named_path_counts_although_git_leaves_it_out() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().join("dist");
        fs::create_dir_all(&root).unwrap();
        fs::create_dir(place.path().join(".git")).unwrap();
        fs::write(place.path().join(".gitignore"), "dist/\n").unwrap();
        assert!(!Rules::new(&root, &[]).ignores(&root.join("index.js"), false));
        let mut above = Rules::new(place.path(), &[]);
        above.enter(place.path());
        assert!(above.ignores(&root.join("index.js"), false), "a decoy: it is not named");
    }
}
