//! Commits that only the submodules of a work tree have.
//!
//! A linked work tree has its own clone of each submodule, in its git directory, and it goes with the tree.
//! That the pointer to a commit was pushed with the outer repository says nothing about the commit.

use std::path::{Path, PathBuf};

use super::git::{Error, ask};
use crate::system::text::count;

/// A phrase for each submodule of the work tree `tree` that has commits of its own. `entry` is the git
/// directory of the tree.
pub(super) async fn unique_commits(tree: &Path, entry: Option<&Path>) -> Result<Vec<String>, Error> {
    let mut repositories: Vec<(String, PathBuf)> = Vec::new();
    if let Some(modules) = entry.map(|entry| entry.join("modules")) {
        clones_below(&modules, &modules, &mut repositories);
    }
    // of an old git, or added from a clone: its git directory lies in the tree itself
    for name in gitlinks(tree).await? {
        let inside = tree.join(&name).join(".git");
        if inside.is_dir() {
            repositories.push((name, inside));
        }
    }
    let mut found = Vec::new();
    for (name, directory) in repositories {
        match unpushed(&directory).await {
            Some(0) => {}
            Some(commits) => found.push(format!("{} of submodule `{name}`", count(commits, "unpushed commit"))),
            None => found.push(format!("unknown work, because git cannot read submodule `{name}`")),
        }
    }
    Ok(found)
}

/// The git directories below `directory`, those of nested submodules too.
fn clones_below(top: &Path, directory: &Path, found: &mut Vec<(String, PathBuf)>) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().filter_map(Result::ok) {
        let path = entry.path();
        if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        if path.join("HEAD").is_file() && path.join("objects").is_dir() {
            let name = path.strip_prefix(top).unwrap_or(&path).to_string_lossy().replace("/modules/", "/");
            clones_below(top, &path.join("modules"), found);
            found.push((name, path));
        } else {
            clones_below(top, &path, found);
        }
    }
}

/// The paths of the submodules that the index of `tree` names.
async fn gitlinks(tree: &Path) -> Result<Vec<String>, Error> {
    let index = ask(tree, &["ls-files", "--stage", "-z"]).await?;
    let links = index.split('\0').filter(|line| line.starts_with("160000 "));
    Ok(links.filter_map(|line| line.split_once('\t')).map(|(_, name)| name.to_owned()).collect())
}

/// Commits of a clone that no remote has: of its head, its branches and its stash. `None`: git cannot tell.
async fn unpushed(directory: &Path) -> Option<usize> {
    // the directory alone counts, not the work tree that its configuration names
    let repository = format!("--git-dir={}", directory.display());
    let here = [repository.as_str(), "--work-tree=/"];
    let head = ask(directory, &[&here[..], &["rev-parse", "--verify", "--quiet", "HEAD"]].concat()).await.is_ok();
    let mut arguments = [&here[..], &["rev-list", "--count", "--branches", "--glob=refs/stash"]].concat();
    if head {
        arguments.push("HEAD");
    }
    // the directory holds a file of the name `HEAD` as well
    arguments.extend(["--not", "--remotes", "--tags", "--"]);
    ask(directory, &arguments).await.ok()?.parse().ok()
}
