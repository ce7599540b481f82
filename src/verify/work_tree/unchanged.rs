//! Whether a work tree is as it was at an earlier look: the cheap question.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::PoisonError;
use std::time::SystemTime;

use super::super::Error;
use super::super::index::Index;
use super::kept::Keeper;
use super::{AT_ONCE, Objects, WorkTree, index_in, look};
use crate::system;

impl WorkTree {
    /// Puts the index of an earlier look in place if all is as it was then; returns when that look began.
    pub(super) async fn restore(&self, keeper: &Keeper<'_>) -> Result<Option<SystemTime>, Error> {
        let Some(own) = system::read_optional(&self.repository.index)? else { return Ok(None) };
        let Some(kept) = keeper.kept(&own) else { return Ok(None) };
        let index = index_in(self.scratch.path());
        std::fs::write(&index, &kept.index).map_err(system::Error::file("write", &index))?;
        let objects = Objects::of(&self.repository, self.scratch.path());
        std::fs::create_dir_all(&objects.own).map_err(system::Error::file("create", &objects.own))?;
        let Some(mut asked) = self.beside(kept.index, kept.looked).await else { return Ok(None) };
        asked.extend(kept.untracked.iter().map(|path| path.as_bytes().to_vec()));
        // what the user never added counts as long as no rule ignores it
        let same = self.untracked_among(&asked, &self.repository.index).await? == Some(kept.untracked);
        Ok(same.then_some(kept.looked))
    }

    /// What lies beside `index`, the content of the temporary index that a look from `looked` on gave; `None` where
    /// something may be unlike it.
    async fn beside(&self, index: Vec<u8>, looked: SystemTime) -> Option<Vec<Vec<u8>>> {
        let (tree, prefix) = (self.tree.clone(), self.repository.prefix.clone());
        tokio::task::spawn_blocking(move || look::beside(&tree, &prefix, &index, looked)).await.ok()?
    }

    /// Which of `paths`, or of what lies in them, neither is in `index` nor is ignored, sorted; `None` for too many paths.
    async fn untracked_among(&self, paths: &[Vec<u8>], index: &Path) -> Result<Option<BTreeSet<String>>, Error> {
        if paths.is_empty() || paths.len() > AT_ONCE {
            return Ok(paths.is_empty().then(BTreeSet::new));
        }
        let options = ["ls-files", "--others", "--exclude-standard", "-z", "--"].map(OsStr::new);
        let arguments: Vec<&OsStr> =
            options.into_iter().chain(paths.iter().map(|path| OsStr::from_bytes(path))).collect();
        let git = self.git().variable("GIT_INDEX_FILE", index).variable("GIT_LITERAL_PATHSPECS", "1");
        let output = git.output(&arguments).await?;
        let known = output.success && output.stderr.is_empty();
        let paths = output.stdout.split(|byte| *byte == 0).filter(|path| !path.is_empty());
        Ok(known.then(|| paths.map(|path| String::from_utf8_lossy(path).into_owned()).collect()))
    }

    /// Whether it is for certain in the state that was noted last. Cheaper than a name: git has nothing to
    /// add to the index that it has written then. Where it cannot tell the answer is no.
    pub(in super::super) async fn is_as_noted(&self) -> Result<bool, Error> {
        let index = index_in(self.scratch.path());
        let looked = *self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(looked), Some(content)) = (looked, system::read_optional(&index)?)
            && let Some(beside) = self.beside(content, looked).await
            && self.untracked_among(&beside, &index).await?.is_some_and(|untracked| untracked.is_empty())
        {
            return Ok(true);
        }
        let git = self.git().variable("GIT_INDEX_FILE", &index);
        if !Index::read(&index, &git).await?.links.is_empty() {
            return Ok(false);
        }
        let output = git.output(&["add", "--all", "--sparse", "--dry-run", "."]).await?;
        Ok(output.success && output.stdout.is_empty() && output.stderr.is_empty())
    }
}
