//! Files before and after, as lines, from one call of git.
//!
//! What is asked for leaves nothing to attributes and settings of the repository, by which a file could be made to look
//! binary or the same.

use std::path::Path;

use super::super::Error;
use super::super::repository::git;

/// How many paths one call of git is given.
const AT_ONCE: usize = 1000;

/// A file that differs: all lines of both sides. One side of a file that is new or gone is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sides {
    pub(super) path: String,
    pub(super) old: Vec<String>,
    pub(super) new: Vec<String>,
}

/// Both sides of each of `paths`, which are in the order in which git lists them.
pub(super) async fn sides(directory: &Path, base: &str, commit: &str, paths: &[&str]) -> Result<Vec<Sides>, Error> {
    const FIXED: [&str; 12] = [
        "diff-tree",
        "-r",
        "--patch",
        "--no-renames",
        "--text",
        "--no-ext-diff",
        "--no-textconv",
        "--no-color",
        "--submodule=short",
        "--ignore-submodules=none",
        "--diff-algorithm=myers",
        // the whole of each file
        "--unified=1000000000",
    ];
    let mut found = Vec::new();
    for part in paths.chunks(AT_ONCE) {
        let git = git(directory).variable("GIT_LITERAL_PATHSPECS", "1");
        let arguments = [&FIXED[..], &["--end-of-options", base, commit, "--"], part].concat();
        let output = git.check(&arguments, git.output(&arguments).await?)?;
        found.extend(read(&String::from_utf8_lossy(&output.stdout), part));
    }
    Ok(found)
}

/// Reads a patch. The names in it are quoted in ways of their own: its sections have the order of `listed`.
fn read(printed: &str, listed: &[&str]) -> Vec<Sides> {
    let (mut found, mut names) = (Vec::new(), listed.iter());
    let mut in_lines = false;
    for line in printed.split('\n') {
        if line.starts_with("diff --git ") {
            let path = names.next().map_or_else(String::new, |path| (*path).to_owned());
            found.push(Sides { path, ..Sides::default() });
            in_lines = false;
            continue;
        }
        let Some(sides) = found.last_mut() else { continue };
        if !in_lines {
            in_lines = line.starts_with("@@ ");
            continue;
        }
        let text = || line.get(1..).unwrap_or_default().trim_end_matches('\r').to_owned();
        match line.as_bytes().first() {
            Some(b' ') => {
                sides.old.push(text());
                sides.new.push(text());
            }
            Some(b'-') => sides.old.push(text()),
            Some(b'+') => sides.new.push(text()),
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[tokio::test]
    async fn both_sides_are_read_whatever_attributes_say() {
        let directory = tempfile::tempdir().unwrap();
        let run = |arguments: &[&str]| {
            let named = ["-c", "user.name=t", "-c", "user.email=t@localhost"];
            let git = Command::new("git").arg("-C").arg(directory.path()).args(named).args(arguments).output().unwrap();
            assert!(git.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&git.stderr));
            String::from_utf8_lossy(&git.stdout).trim().to_owned()
        };
        let put = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
        run(&["init", "--quiet"]);
        put(".gitattributes", "* binary -diff\n");
        put("a.txt", "one\n-- two\ndiff --git a/x b/x\n");
        put("gone \"quoted\".txt", "x\n");
        run(&["add", "--all"]);
        run(&["commit", "--quiet", "-m", "one"]);
        put("a.txt", "one\n++ three\ndiff --git a/x b/x\n");
        std::fs::remove_file(directory.path().join("gone \"quoted\".txt")).unwrap();
        put("new.txt", "no end of line");
        run(&["add", "--all"]);
        run(&["commit", "--quiet", "-m", "two"]);
        let paths = ["a.txt", "gone \"quoted\".txt", "new.txt"];
        let found = sides(directory.path(), &run(&["rev-parse", "HEAD~1"]), &run(&["rev-parse", "HEAD"]), &paths).await;
        let of = |path: &str, old: &[&str], new: &[&str]| {
            let lines = |lines: &[&str]| lines.iter().map(|&line| line.to_owned()).collect();
            Sides { path: path.into(), old: lines(old), new: lines(new) }
        };
        let expected = [
            of("a.txt", &["one", "-- two", "diff --git a/x b/x"], &["one", "++ three", "diff --git a/x b/x"]),
            of("gone \"quoted\".txt", &["x"], &[]),
            of("new.txt", &[], &["no end of line"]),
        ];
        assert_eq!(found.unwrap(), expected);
    }
}
