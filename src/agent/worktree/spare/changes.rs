//! What somebody has done in a spare.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::super::entry::Entry;
use super::super::error::Error;
use super::super::git::{Standing, few};
use super::super::loss::changed;
use super::record::{Contents, SpareTree};
use crate::system;

/// What somebody has done in a complete spare since it was prepared; `None` where that is nothing.
pub(super) async fn local_changes(spare: &SpareTree, contents: &Contents) -> Option<String> {
    let path = &spare.path;
    let looked = async {
        let Some(standing) = Standing::of(path).await? else {
            return Ok(Some("it is no work tree any more".to_owned()));
        };
        let head = Entry::of(&standing.common, path).and_then(|entry| entry.detached_head());
        if head.as_ref() != Some(&contents.head) {
            return Ok(Some("another commit or a branch was checked out there".to_owned()));
        }
        if digest_of_changes(path).await? == contents.changes {
            return Ok(None);
        }
        Ok::<_, Error>(Some(format!("files were changed there ({})", few(&changed(path).await?))))
    };
    looked.await.unwrap_or_else(|error| Some(system::with_causes(&error)))
}

/// One digest over the files that differ from the commit, and their contents; empty where none does.
pub(super) async fn digest_of_changes(tree: &Path) -> Result<String, Error> {
    let files = changed(tree).await?;
    if files.is_empty() {
        return Ok(String::new());
    }
    let mut hash = Sha256::new();
    for name in &files {
        hash.update(name.as_bytes());
        hash.update(b"\0");
        // a file that was deleted, or a submodule, has no contents
        hash.update(Sha256::digest(std::fs::read(tree.join(name)).unwrap_or_default()));
    }
    Ok(system::hexadecimal(&hash.finalize()))
}
