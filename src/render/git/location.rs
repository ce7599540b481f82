//! Where the exclude lines of a directory are, and how a path is written there.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::system::{Git, GitError};

/// The exclude file of a linked work tree, in its git directory.
pub(super) const EXCLUDE: &str = "harness-exclude";

/// Where the lines of a directory are.
pub(super) struct Location {
    pub(super) file: PathBuf,
    /// The path of the directory in its repository, ending in `/` unless empty.
    prefix: String,
    /// The git directory of a linked work tree, and that of the repository.
    pub(super) linked: Option<(PathBuf, PathBuf)>,
}

impl Location {
    /// The line that means exactly `below` in the directory.
    pub(super) fn pattern(&self, below: &str) -> String {
        format!("/{}{}", escape(&self.prefix), escape(below))
    }

    pub(super) fn common(&self) -> PathBuf {
        match &self.linked {
            Some((_, common)) => common.clone(),
            None => self.file.ancestors().nth(2).unwrap_or(Path::new("/")).to_owned(),
        }
    }
}

/// Where the lines of a directory are; `None` where there is no repository, or no git.
pub(super) fn locate(directory: &Path) -> std::io::Result<Option<Location>> {
    let arguments = ["rev-parse", "--path-format=absolute", "--git-dir", "--git-common-dir", "--show-prefix"];
    let output = match git(directory).output_blocking(&arguments) {
        Ok(output) => output,
        Err(GitError::Missing(error)) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(GitError::Missing(error)) => return Err(error),
        Err(error) => return Err(std::io::Error::other(error)),
    };
    let text = output.text();
    let mut lines = text.lines();
    let (Some(git_dir), Some(common), true) = (lines.next(), lines.next(), output.success) else { return Ok(None) };
    let (git_dir, common) = (PathBuf::from(git_dir), PathBuf::from(common));
    let prefix = lines.next().unwrap_or_default().to_owned();
    if git_dir == common {
        return Ok(Some(Location { file: common.join("info/exclude"), prefix, linked: None }));
    }
    Ok(Some(Location { file: git_dir.join(EXCLUDE), prefix, linked: Some((git_dir, common)) }))
}

/// git in `directory`. Who owns the repository does not matter for these questions: they run nothing of it.
pub(super) fn git(directory: &Path) -> Git {
    Git::asking(directory).set("safe.directory=*")
}

/// A name as a pattern that means only itself.
fn escape(name: &str) -> String {
    let special = |character: char| matches!(character, '\\' | '*' | '?' | '[' | ' ' | '!' | '#');
    let escaped = name.chars().flat_map(|character| special(character).then_some('\\').into_iter().chain([character]));
    escaped.collect()
}

pub(super) fn unescape(pattern: &str) -> String {
    let mut characters = pattern.chars();
    let mut name = String::new();
    while let Some(character) = characters.next() {
        name.extend(if character == '\\' { characters.next() } else { Some(character) });
    }
    name
}
