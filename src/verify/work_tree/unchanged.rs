//! Whether a work tree is as it was at an earlier look: the cheap question.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::SystemTime;

use super::super::Error;
use super::look;
use crate::system::Git;

/// How many paths git is asked about.
const MOST: usize = 1000;

/// What lies in `tree` beside `index`, the content of an index that a look from `looked` on gave; `None` where something may
/// be unlike it. `prefix` is that of `tree` in its repository.
pub(super) async fn beside(tree: &Path, prefix: &str, index: Vec<u8>, looked: SystemTime) -> Option<Vec<Vec<u8>>> {
    let (tree, prefix) = (tree.to_owned(), prefix.to_owned());
    tokio::task::spawn_blocking(move || look::beside(&tree, &prefix, &index, looked)).await.ok()?
}

/// Which of `paths`, or of what lies in them, neither is in `index` nor is ignored; `None` for too many paths, and where git
/// cannot say.
pub(super) async fn untracked_among(
    git: &Git,
    paths: &[Vec<u8>],
    index: &Path,
) -> Result<Option<BTreeSet<String>>, Error> {
    if paths.is_empty() || paths.len() > MOST {
        return Ok(paths.is_empty().then(BTreeSet::new));
    }
    let options = ["ls-files", "--others", "--exclude-standard", "-z", "--"].map(OsStr::new);
    let paths = paths.iter().map(|path| OsStr::from_bytes(path));
    let arguments: Vec<&OsStr> = options.into_iter().chain(paths).collect();
    let git = git.clone().variable("GIT_INDEX_FILE", index).variable("GIT_LITERAL_PATHSPECS", "1");
    let output = git.output(&arguments).await?;
    let known = output.success && output.stderr.is_empty();
    let found = output.stdout.split(|byte| *byte == 0).filter(|path| !path.is_empty());
    Ok(known.then(|| found.map(|path| String::from_utf8_lossy(path).into_owned()).collect()))
}
