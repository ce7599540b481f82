//! Keeps rendered files out of git, through the repository's own `info/exclude`: no tracked file is
//! touched, and every linked work tree shares it.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::error::{RenderError, Result};

/// Adds a file to `info/exclude` of the repository that its directory belongs to. Does nothing where
/// there is no repository, no git, or the line is there already.
pub fn keep_out_of_git(path: &Path) -> Result<()> {
    let failed = |source| RenderError::Git { path: path.to_owned(), source };
    let (Some(directory), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        return Ok(());
    };
    let Some((exclude, prefix)) = locate(directory).map_err(failed)? else { return Ok(()) };
    let pattern = format!("/{}{}", escape(&prefix), escape(name));
    let present = match std::fs::read_to_string(&exclude) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => return Err(failed(error)),
    };
    if present.lines().any(|line| line == pattern) {
        return Ok(());
    }
    if let Some(parent) = exclude.parent() {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    let newline = if present.is_empty() || present.ends_with('\n') { "" } else { "\n" };
    // one write in append mode: of several launches at once none loses a line
    let mut file = OpenOptions::new().append(true).create(true).open(&exclude).map_err(failed)?;
    file.write_all(format!("{newline}{pattern}\n").as_bytes()).map_err(failed)
}

/// `info/exclude` of the repository, and the path of `directory` in it, ending in `/` unless empty.
fn locate(directory: &Path) -> std::io::Result<Option<(PathBuf, String)>> {
    let mut git = Command::new("git");
    git.arg("-C").arg(directory).args(["rev-parse", "--git-path", "info/exclude", "--show-prefix"]);
    // a hook's environment names the repository of the hook, not that of the directory
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR"] {
        git.env_remove(variable);
    }
    let output = match git.stdin(Stdio::null()).stderr(Stdio::null()).output() {
        Ok(output) => output,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let text = String::from_utf8_lossy(&output.stdout);
    let mut lines = text.lines();
    let exclude = lines.next().filter(|line| output.status.success() && !line.is_empty());
    Ok(exclude.map(|exclude| (directory.join(exclude), lines.next().unwrap_or_default().to_owned())))
}

/// A name as a pattern that means only itself.
fn escape(name: &str) -> String {
    let special = |character: char| matches!(character, '\\' | '*' | '?' | '[' | ' ' | '!' | '#');
    let escaped = name.chars().flat_map(|character| special(character).then_some('\\').into_iter().chain([character]));
    escaped.collect()
}
