//! Test, CI and verify-configuration files that differ between two commits.
//!
//! Renames are not looked for: what git takes for one depends on its version, and who checks must come to the same list.

use std::collections::BTreeSet;
use std::path::Path;

use super::super::Error;
use super::super::repository::git;
use super::diff::sides;
use super::kinds::kind;
use super::weakened::{has_inline_tests, is_rust, weakened};
use crate::report::verify::{Change, ChangedFile, FileKind, Weakened};

/// How many weakened tests are listed.
const LISTED: usize = 500;

/// What differs.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Differences {
    /// Test, CI and verify files.
    pub changes: Vec<ChangedFile>,
    /// Tests that look weaker.
    pub weakened: Vec<Weakened>,
    /// How many more.
    pub weakened_more: usize,
}

/// Every file that differs between two commits, and how.
pub(super) async fn changed(directory: &Path, base: &str, commit: &str) -> Result<Vec<(String, Change)>, Error> {
    let arguments = [
        "diff-tree",
        "-r",
        "-z",
        "--name-status",
        "--no-renames",
        "--ignore-submodules=none",
        "--end-of-options",
        base,
        commit,
    ];
    let git = git(directory);
    let output = git.check(&arguments, git.output(&arguments).await?)?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut fields = text.split('\0');
    let mut changes = Vec::new();
    while let (Some(status), Some(path)) = (fields.next(), fields.next()) {
        let change = match status {
            "A" => Change::Added,
            "D" => Change::Deleted,
            _ => Change::Modified,
        };
        changes.push((path.to_owned(), change));
    }
    Ok(changes)
}

/// What differs of the files that [`changed`] has found, which are `all`; `named` are those that the commands of `[verify]` name.
pub(super) async fn differences(
    directory: &Path,
    base: &str,
    commit: &str,
    all: &[(String, Change)],
    named: &BTreeSet<String>,
) -> Result<Differences, Error> {
    // tests of Rust stand beside the code
    let may_have_tests = |path: &str| kind(path, named) == Some(FileKind::Test) || is_rust(path);
    let paths: Vec<&str> = all.iter().map(|(path, _)| path.as_str()).filter(|path| may_have_tests(path)).collect();
    let files = sides(directory, base, commit, &paths).await?;
    let inline: BTreeSet<&str> =
        files.iter().filter(|file| has_inline_tests(file)).map(|file| file.path.as_str()).collect();
    let changes = all.iter().filter_map(|(path, change)| {
        let kind = kind(path, named).or_else(|| inline.contains(path.as_str()).then_some(FileKind::Test))?;
        Some(ChangedFile { path: path.clone(), change: *change, kind })
    });
    let changes: Vec<ChangedFile> = changes.collect();
    let tests: BTreeSet<&str> =
        changes.iter().filter(|it| it.kind == FileKind::Test).map(|it| it.path.as_str()).collect();
    let files: Vec<_> = files.into_iter().filter(|file| tests.contains(file.path.as_str())).collect();
    let mut found = weakened(&files);
    let weakened_more = found.len().saturating_sub(LISTED);
    found.truncate(LISTED);
    Ok(Differences { changes, weakened: found, weakened_more })
}
