//! The sections of the repository's configuration that name the exclude files of linked work trees.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::location::{EXCLUDE, git, locate};
use crate::render::error::{RenderError, Result};
use crate::system::Git;

/// The configuration that names it, beside it.
const CONFIG: &str = "harness-config";
/// For another program to end its change of the configuration: a second.
const ATTEMPTS: u32 = 40;

/// The section of the configuration of `root`'s repository that names the exclude file of the work tree `tree`.
///
/// # Errors
/// git cannot be started.
pub fn tree_section(root: &Path, tree: &Path) -> Result<Option<String>> {
    let failed = |source| RenderError::Git { path: tree.to_owned(), source };
    let link = tree.join(".git");
    let names = |git_dir: &Path| {
        // or one that git removed with its tree
        let named = std::fs::read_to_string(git_dir.join("gitdir"));
        named.map_or_else(|_| !git_dir.exists(), |named| git_dir.join(named.trim()) == link)
    };
    let sections = sections(root).map_err(failed)?.into_iter();
    Ok(sections.filter(|(_, git_dir)| names(git_dir)).map(|(section, _)| section).next())
}

/// Removes the section for the work tree `tree`, which was deleted and still has its entry.
///
/// # Errors
/// The repository's configuration cannot be written.
pub fn forget_tree(root: &Path, tree: &Path) -> Result<()> {
    let failed = |source| RenderError::Git { path: root.to_owned(), source };
    let Some(location) = locate(root).map_err(failed)? else { return Ok(()) };
    let link = tree.join(".git");
    for (section, git_dir) in sections(root).map_err(failed)? {
        if std::fs::read_to_string(git_dir.join("gitdir")).is_ok_and(|named| git_dir.join(named.trim()) == link) {
            // as it is written there: the value has a slash at its end, which the section has not
            configure(&location.common(), &["--remove-section", &section]).map_err(failed)?;
            for name in [EXCLUDE, CONFIG] {
                std::fs::remove_file(git_dir.join(name)).map_err(failed)?;
            }
        }
    }
    Ok(())
}

/// Removes the sections for work trees of `root`'s repository that are gone.
///
/// # Errors
/// The repository's configuration cannot be written.
pub fn forget_trees(root: &Path) -> Result<()> {
    let failed = |source| RenderError::Git { path: root.to_owned(), source };
    let Some(location) = locate(root).map_err(failed)? else { return Ok(()) };
    for (section, git_dir) in sections(root).map_err(failed)? {
        if !git_dir.exists() {
            configure(&location.common(), &["--remove-section", &section]).map_err(failed)?;
        }
    }
    Ok(())
}

/// Lets git read the exclude files of linked work trees again whose repository was moved: the configuration names them
/// by path.
///
/// # Errors
/// The repository's configuration cannot be written.
pub fn mend_trees(root: &Path) -> Result<()> {
    let failed = |source| RenderError::Git { path: root.to_owned(), source };
    let Some(location) = locate(root).map_err(failed)? else { return Ok(()) };
    let common = location.common();
    let known = sections(root).map_err(failed)?;
    let entries = std::fs::read_dir(common.join("worktrees")).into_iter().flatten().filter_map(std::result::Result::ok);
    for git_dir in entries.map(|entry| entry.path()).filter(|git_dir| git_dir.join(EXCLUDE).exists()) {
        if !known.iter().any(|(_, known)| known.components().eq(git_dir.components())) {
            include(&git_dir, &common).map_err(failed)?;
        }
    }
    forget_trees(root)
}

/// Our sections of the configuration, each with the git directory that it is for.
fn sections(root: &Path) -> std::io::Result<Vec<(String, PathBuf)>> {
    let Some(location) = locate(root)? else { return Ok(Vec::new()) };
    let file = location.common().join("config");
    let (file, pattern) = (file.to_string_lossy().into_owned(), r"^includeif\.gitdir:.*\.path$");
    let listed = git(root).output_blocking(&["config", "--file", &file, "-z", "--get-regexp", pattern]);
    let listed = listed.map_err(std::io::Error::other)?.text();
    let entries = listed.split('\0').filter_map(|entry| entry.split_once('\n'));
    let ours = entries.filter_map(|(key, value)| Some((key.strip_suffix(".path")?, value.strip_suffix(CONFIG)?)));
    // listed in lower case, removed only as it is written
    let written = |section: &str| section.replacen("includeif.", "includeIf.", 1);
    Ok(ours.map(|(section, git_dir)| (written(section), PathBuf::from(git_dir))).collect())
}

/// Lets git read the exclude file of one linked work tree.
pub(super) fn include(git_dir: &Path, common: &Path) -> std::io::Result<()> {
    let quoted = git_dir.join(EXCLUDE).to_string_lossy().replace('\\', "\\\\").replace('"', "\\\"");
    std::fs::write(git_dir.join(CONFIG), format!("[core]\n\texcludesFile = \"{quoted}\"\n"))?;
    let value = git_dir.join(CONFIG).to_string_lossy().into_owned();
    configure(common, &[&format!("{}.path", section(git_dir)), &value])
}

pub(super) fn exclude_no_more(git_dir: &Path, common: &Path) -> std::io::Result<()> {
    configure(common, &["--remove-section", &section(git_dir)])?;
    for name in [EXCLUDE, CONFIG] {
        std::fs::remove_file(git_dir.join(name))?;
    }
    Ok(())
}

fn section(git_dir: &Path) -> String {
    let special = |character: char| matches!(character, '\\' | '*' | '?' | '[');
    let path = git_dir.to_string_lossy();
    let escaped = path.chars().flat_map(|character| special(character).then_some('\\').into_iter().chain([character]));
    format!("includeIf.gitdir:{}", escaped.collect::<String>())
}

/// Changes the repository's configuration, which one program at a time can.
fn configure(common: &Path, arguments: &[&str]) -> std::io::Result<()> {
    let file = common.join("config").to_string_lossy().into_owned();
    let arguments = [&["config", "--file", &file], arguments].concat();
    let mut last = String::new();
    for _ in 0..ATTEMPTS {
        let output = Git::acting(common).output_blocking(&arguments).map_err(std::io::Error::other)?;
        if output.success || output.stderr.contains("no such section") {
            return Ok(());
        }
        last = output.stderr;
        std::thread::sleep(Duration::from_millis(25));
    }
    Err(std::io::Error::other(last))
}
