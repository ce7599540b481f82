//! What `copy`, `clone` and `.worktreeinclude` name, found in the project's root.

use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

use super::git::{Error, ask};
use crate::project::WorktreeSettings;

/// The file that names what git ignores and a work tree needs, in the syntax of `.gitignore`.
const INCLUDE: &str = ".worktreeinclude";

/// One entry, and what it names.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Where it is written: `[worktree] copy`, `.worktreeinclude`.
    pub(super) origin: &'static str,
    /// As it is written.
    pub(super) text: String,
    /// What of the root it names, relative to it; nothing where the root has no such thing.
    pub(super) paths: Vec<String>,
}

/// All entries, in order.
pub(super) async fn entries(root: &Path, settings: &WorktreeSettings) -> Result<Vec<Entry>, Error> {
    let named = |origin, texts: &[String]| -> Vec<Entry> {
        texts.iter().map(|text| Entry { origin, text: text.clone(), paths: matching(root, text) }).collect()
    };
    let mut entries = named("`[worktree] copy`", &settings.copy);
    entries.extend(included(root).await?);
    entries.extend(named("`[worktree] clone`", &settings.clone));
    Ok(entries)
}

/// What the lines of `.worktreeinclude` name, as far as git ignores it: directories as a whole.
async fn included(root: &Path) -> Result<Vec<Entry>, Error> {
    let Ok(text) = std::fs::read_to_string(root.join(INCLUDE)) else { return Ok(Vec::new()) };
    let exclude = format!("--exclude-from={INCLUDE}");
    let all = listed(root, &exclude).await?;
    let mut entries = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(['#', '!'])) {
        let mut paths = listed(root, &format!("--exclude={line}")).await?;
        // a later line may take out again what this one names
        paths.retain(|path| all.contains(path));
        entries.push(Entry { origin: INCLUDE, text: line.to_owned(), paths });
    }
    Ok(entries)
}

async fn listed(root: &Path, exclude: &str) -> Result<Vec<String>, Error> {
    let found = ask(root, &["ls-files", "--others", "--ignored", "--directory", "-z", exclude]).await?;
    let mut wanted = Vec::new();
    for name in found.split('\0').filter(|name| !name.is_empty()) {
        if ask(root, &["check-ignore", "--quiet", name]).await.is_ok() {
            wanted.push(name.trim_end_matches('/').to_owned());
        }
    }
    Ok(wanted)
}

/// The paths below `root` that `pattern` names: itself, or what it matches as a glob. `**` enters neither
/// `.git` nor `node_modules`.
fn matching(root: &Path, pattern: &str) -> Vec<String> {
    let pattern = pattern.trim_end_matches('/');
    let pattern = pattern.strip_prefix("./").unwrap_or(pattern);
    if root.join(pattern).symlink_metadata().is_ok() {
        return vec![pattern.to_owned()];
    }
    let mut found = Vec::new();
    expand(root, Path::new(""), &pattern.split('/').collect::<Vec<_>>(), &mut found);
    found.sort_unstable();
    found.dedup();
    // a directory that is named includes its content
    let within = |path: &String| found.iter().any(|other| path.starts_with(&format!("{other}/")));
    found.iter().filter(|path| !within(path)).cloned().collect()
}

fn expand(root: &Path, below: &Path, pattern: &[&str], found: &mut Vec<String>) {
    let Some((first, rest)) = pattern.split_first() else {
        found.extend(below.to_str().filter(|text| !text.is_empty()).map(str::to_owned));
        return;
    };
    if *first == "**" {
        expand(root, below, rest, found);
        for (name, path) in children(root, below) {
            let is_directory = root.join(&path).symlink_metadata().is_ok_and(|metadata| metadata.is_dir());
            if is_directory && name != ".git" && name != "node_modules" {
                expand(root, &path, pattern, found);
            }
        }
    } else if let Some(glob) = glob(first) {
        for (_, path) in children(root, below).into_iter().filter(|(name, _)| glob.is_match(name)) {
            expand(root, &path, rest, found);
        }
    } else if root.join(below).join(first).symlink_metadata().is_ok() {
        expand(root, &below.join(first), rest, found);
    }
}

fn glob(component: &str) -> Option<GlobMatcher> {
    if !component.contains(['*', '?', '[', '{']) {
        return None;
    }
    GlobBuilder::new(component).build().ok().map(|glob| glob.compile_matcher())
}

fn children(root: &Path, below: &Path) -> Vec<(String, PathBuf)> {
    let entries = std::fs::read_dir(root.join(below)).into_iter().flatten().filter_map(Result::ok);
    let named = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut children: Vec<_> =
        named.filter(|name| name != ".git").map(|name| (name.clone(), below.join(name))).collect();
    children.sort_unstable();
    children
}

#[cfg(test)]
mod tests {
    use super::matching;

    #[test]
    fn a_pattern_names_what_it_matches() {
        let directory = tempfile::tempdir().unwrap();
        for path in ["apps/a/.env", "apps/b/.env", "apps/b/deep/.env", "node_modules/x/.env", "odd[1]", ".env.local"] {
            let path = directory.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let of = |pattern: &str| matching(directory.path(), pattern);
        assert_eq!(of("apps/*/.env"), ["apps/a/.env", "apps/b/.env"]);
        assert_eq!(of("**/.env"), ["apps/a/.env", "apps/b/.env", "apps/b/deep/.env"]);
        assert_eq!(of("./apps/"), ["apps"]);
        assert_eq!(of("ap*"), ["apps"]);
        assert_eq!(of("odd[1]"), ["odd[1]"], "a name that is there is itself");
        assert_eq!(of(".env.*"), [".env.local"]);
        assert_eq!(of("node_modules/*/.env"), ["node_modules/x/.env"]);
        assert!(of("none").is_empty() && of("apps/*/none").is_empty());
    }
}
