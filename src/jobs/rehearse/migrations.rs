//! Two migrations with one number: git merges them cleanly, and which one runs first is chance.

use std::path::Path;

use super::input::git;
use crate::report::Failure;

/// Files that a commit adds to what it began from.
pub(super) async fn added(root: &Path, base: &str, commit: &str) -> Result<Vec<String>, Failure> {
    let range = format!("{base}...{commit}");
    let words = ["diff", "--name-only", "--diff-filter=A", "--no-renames", &range];
    Ok(git(root).text(&words).await?.lines().map(str::to_owned).collect())
}

/// Pairs of files in one folder with one number and two names.
pub(super) fn collisions(one: &[String], other: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for first in one {
        let Some(key) = key(first) else { continue };
        found.extend(
            other
                .iter()
                .filter(|second| *second != first && self::key(second) == Some(key))
                .flat_map(|second| [first.clone(), second.clone()]),
        );
    }
    found.dedup();
    found
}

/// The folder and the number of a file that may be a migration: `db/migrations`, `0042`.
fn key(path: &str) -> Option<(&str, &str)> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let name = name.strip_prefix('V').filter(|rest| rest.contains("__")).unwrap_or(name);
    let digits = name.len() - name.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
    let is_for_migrations = ["migrat", "versions", "schema", "changelog"].iter().any(|word| folder.contains(word));
    let is_numbered = digits >= 3 || digits >= 1 && is_for_migrations;
    is_numbered.then(|| (folder, name[..digits].trim_start_matches('0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_in_one_folder_is_found() {
        let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let collide = |one: &[&str], other: &[&str]| collisions(&list(one), &list(other));
        assert_eq!(
            collide(&["app/migrations/0002_a.py", "x.py"], &["app/migrations/0002_b.py"]),
            ["app/migrations/0002_a.py", "app/migrations/0002_b.py"]
        );
        assert_eq!(collide(&["db/migrations/V7__a.sql"], &["db/migrations/V7__b.sql"]).len(), 2);
        for (one, other) in [
            ("app/migrations/0002_a.py", "app/migrations/0003_b.py"),
            ("app/migrations/0002_a.py", "other/migrations/0002_b.py"),
            ("app/migrations/0002_a.py", "app/migrations/0002_a.py"),
            ("src/2fa.py", "src/2d.py"),
        ] {
            assert_eq!(collide(&[one], &[other]), Vec::<String>::new(), "{one} {other}");
        }
    }
}
