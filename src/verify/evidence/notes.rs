//! Where evidence is kept: `refs/notes/harness`, one envelope a line, so that git merges the notes of two machines line by
//! line (`git notes merge --strategy cat_sort_uniq`).

use std::io::Write;
use std::path::Path;

use super::super::Error as VerifyError;
use super::envelope::claimed_key;
use super::error::Error;
use crate::report::Failure;
use crate::system::{self, FileLock, Git, Home};

/// The ref.
pub(super) const NOTES: &str = "refs/notes/harness";
/// More than any number of statements that are made of one commit.
const LIMIT: u64 = 16 * 1024 * 1024;
/// How often the note is written again when another program's write has undone it.
const ATTEMPTS: usize = 5;

/// git for what is kept: nothing of the user's starts, and a crash of the machine loses nothing.
fn git(directory: &Path) -> Git {
    Git::asking(directory).set("safe.directory=*").set("core.fsync=loose-object,reference")
}

/// The note of a commit; `None` where it has none.
pub(super) async fn read(directory: &Path, commit: &str) -> Result<Option<Vec<u8>>, Failure> {
    let git = git(directory);
    let arguments = ["notes", "--ref", NOTES, "list", commit];
    let output = git.output(&arguments).await.map_err(VerifyError::from)?;
    if !output.success && output.stderr.contains("no note found") {
        return Ok(None);
    }
    let blob = git.check(&arguments, output).map_err(VerifyError::from)?.text();
    let size = git.text(&["cat-file", "-s", &blob]).await.map_err(VerifyError::from)?;
    let size = size.parse().unwrap_or(u64::MAX);
    if size > LIMIT {
        return Err(Error::TooLarge { commit: commit.to_owned(), size }.into());
    }
    let arguments = ["cat-file", "blob", &blob];
    let output = git.output(&arguments).await.map_err(VerifyError::from)?;
    Ok(Some(git.check(&arguments, output).map_err(VerifyError::from)?.stdout))
}

/// Keeps an envelope with a commit, in the place of an earlier one of the same key.
pub(super) async fn keep(home: &Home, tree: &Path, commit: &str, envelope: &str, key: &str) -> Result<(), Failure> {
    let directory = home.path().join("evidence");
    // git compares nothing before it replaces the ref: two at once would lose one
    let _lock = FileLock::acquire(&directory.join("lock"), "keep evidence", |_| {}).await?;
    let identity = ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"];
    let values = ["harness", "harness@localhost", "harness", "harness@localhost"];
    let writing = identity.into_iter().zip(values).fold(git(tree), |git, (name, value)| git.variable(name, value));
    for _ in 0..ATTEMPTS {
        let present = read(tree, commit).await?.unwrap_or_default();
        let others = present.split(|byte| *byte == b'\n').filter(|line| !line.is_empty() && claimed_key(line) != key);
        let mut note = others.collect::<Vec<_>>().join(&b'\n');
        if !note.is_empty() {
            note.push(b'\n');
        }
        note.extend_from_slice(envelope.as_bytes());
        note.push(b'\n');
        let mut file =
            tempfile::NamedTempFile::new_in(&directory).map_err(system::Error::file("create a file in", &directory))?;
        file.write_all(&note).map_err(system::Error::file("write", file.path()))?;
        let path = file.path().display().to_string();
        let blob =
            writing.text(&["hash-object", "-w", "--no-filters", "--", &path]).await.map_err(VerifyError::from)?;
        let add = ["notes", "--ref", NOTES, "add", "--force", "--reuse-message", &blob, commit];
        writing.text(&add).await.map_err(VerifyError::from)?;
        if read(tree, commit).await?.as_deref() == Some(&note) {
            return Ok(());
        }
    }
    Err(Error::NotKept(commit.to_owned()).into())
}
