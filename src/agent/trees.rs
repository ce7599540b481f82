//! Which tree has which id: `trees.json` of the home.
//!
//! A launch without an id leases one to the tree that it stands in. The list remembers it beyond a teardown, so that
//! the next launch of the same tree gets the same id, and with it the same ports. It is a memory, no claim: an id is
//! given to another tree when it is asked for by number or no other is left, and what an agent owns is in its record.
//! A tree that was moved is recognised by its inode.
//!
//! Only who holds the lock on `trees.lock` writes.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Context;
use crate::project::AgentId;
use crate::system::{self, FileLock, Versioned};

/// One tree that was launched without an id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    /// Where it is, without symbolic links.
    path: PathBuf,
    /// Its device and inode: they stay when it is moved.
    device: u64,
    inode: u64,
    /// The id that it had last.
    agent: AgentId,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Document {
    /// The tree that was launched last comes last.
    trees: Vec<Kept>,
}

impl Versioned for Document {
    const WHAT: &'static str = "list of trees";
    const VERSION: u32 = 1;
}

/// The list, locked until dropped.
#[derive(Debug)]
pub(super) struct Trees {
    document: Document,
    file: PathBuf,
    _lock: FileLock,
}

impl Trees {
    /// Reads the list; no other command changes it while this lives. To be held for moments: the thread waits for it.
    ///
    /// # Errors
    /// A newer harness wrote it, or the home cannot be written.
    pub(super) fn lock(context: &Context) -> system::Result<Self> {
        let lock = FileLock::wait(&context.home.path().join("trees.lock"), "choose an id")?;
        let file = context.home.path().join("trees.json");
        let document = match system::read_versioned(&file) {
            Ok(found) => found.unwrap_or_default(),
            // a memory that was lost costs other numbers, and no more
            Err(error @ system::Error::Damaged { .. }) => {
                context.events.warning("trees", format!("{error}; starting a new list"));
                Document::default()
            }
            Err(error) => return Err(error),
        };
        Ok(Self { document, file, _lock: lock })
    }

    /// The id that a tree had last.
    pub(super) fn agent_of(&self, tree: &Path) -> Option<AgentId> {
        self.document.find(tree).map(|kept| kept.agent)
    }

    /// The ids that other trees, which still exist, had last; the longest unused first.
    pub(super) fn kept_for_others(&self, tree: &Path) -> Vec<AgentId> {
        let own = self.document.find(tree).map(|kept| kept.path.clone());
        let others = self.document.trees.iter().filter(|kept| Some(&kept.path) != own.as_ref());
        others.filter(|kept| kept.path.exists()).map(|kept| kept.agent).collect()
    }

    /// Keeps an id for a tree. Trees that are gone are forgotten, and so is another that had the id.
    ///
    /// # Errors
    /// The home cannot be written.
    pub(super) fn keep(mut self, tree: &Path, agent: AgentId) -> system::Result<()> {
        let Ok(metadata) = tree.metadata() else { return Ok(()) };
        let own = self.document.find(tree).map(|kept| kept.path.clone());
        let trees = &mut self.document.trees;
        trees.retain(|kept| Some(&kept.path) != own.as_ref() && kept.agent != agent && kept.path.exists());
        trees.push(Kept { path: tree.to_owned(), device: metadata.dev(), inode: metadata.ino(), agent });
        system::write_versioned(&self.file, &self.document)
    }
}

/// The id that a tree had last, for a look.
pub(super) fn agent_of(context: &Context, tree: &Path) -> Option<AgentId> {
    let document: Document = system::read_versioned(&context.home.path().join("trees.json")).ok().flatten()?;
    document.find(tree).map(|kept| kept.agent)
}

impl Document {
    /// The entry of a tree: by its path, else by its inode if it was moved.
    fn find(&self, tree: &Path) -> Option<&Kept> {
        let by_path = self.trees.iter().find(|kept| kept.path == tree);
        by_path.or_else(|| {
            let metadata = tree.metadata().ok()?;
            let is_it = |kept: &&Kept| kept.device == metadata.dev() && kept.inode == metadata.ino();
            self.trees.iter().filter(is_it).find(|kept| !kept.path.exists())
        })
    }
}

/// The ids from 1 to `max` in the order in which they are tried: the tree's own, those that no tree had, those of
/// others.
pub(super) fn order(own: Option<AgentId>, of_others: &[AgentId], max: u8) -> Vec<AgentId> {
    let all = (1..=max).filter_map(|id| AgentId::try_from(id).ok());
    let unused = all.filter(|id| !of_others.contains(id));
    let wanted = own.into_iter().chain(unused).chain(of_others.iter().copied()).filter(|id| id.get() <= max);
    let mut seen = BTreeSet::new();
    wanted.filter(|id| seen.insert(*id)).collect()
}

#[cfg(test)]
mod tests {
    use super::{AgentId, order};

    #[test]
    fn a_trees_own_id_comes_first_and_those_of_other_trees_last() {
        let ids = |numbers: &[u8]| numbers.iter().map(|id| AgentId::try_from(*id).unwrap()).collect::<Vec<_>>();
        let own = |id: u8| AgentId::try_from(id).ok();
        assert_eq!(order(None, &[], 3), ids(&[1, 2, 3]));
        assert_eq!(order(own(3), &[], 3), ids(&[3, 1, 2]));
        assert_eq!(order(None, &ids(&[2, 1]), 4), ids(&[3, 4, 2, 1]));
        assert_eq!(order(own(9), &ids(&[1]), 2), ids(&[2, 1]), "a limit that was lowered");
    }
}
