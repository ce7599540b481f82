//! What no two agents may both have: a work tree, a rendered file.
//!
//! A claim is an entry in an agent's record. It is made under a lock of the home and after a look at the
//! records of the others, so that of two launches at once one is refused before it touches anything.

use std::path::Path;

use super::tree_error::TreeError;
use super::{Context, Error, Record, identity};
use crate::project::AgentId;
use crate::report::Failure;
use crate::system::FileLock;

/// The claims of all other agents; none is added while this lives.
#[derive(Debug)]
pub(super) struct Claims {
    others: Vec<Record>,
    _lock: FileLock,
}

impl Claims {
    /// The claims of all but `agent`. Hold it briefly: other threads wait for it.
    pub(super) fn of_others(context: &Context, agent: AgentId) -> Result<Self, Failure> {
        let lock = FileLock::wait(&context.home.path().join("claims.lock"), "claim")?;
        let others = identity::agents(context)?.into_iter().filter(|other| *other != agent);
        // a record that cannot be read claims nothing that could be known
        let others = others.filter_map(|other| Record::read(&context.home, other).ok().flatten()).collect();
        Ok(Self { others, _lock: lock })
    }

    /// Refuses a work tree that is another agent's, or would lie in one.
    pub(super) fn work_tree(&self, path: &Path) -> Result<(), TreeError> {
        let holds = |other: &&Record| other.worktree.as_ref().is_some_and(|held| path.starts_with(&held.path));
        match self.others.iter().find(holds) {
            Some(other) => Err(TreeError::Taken { path: path.to_owned(), agent: other.agent }),
            None => Ok(()),
        }
    }

    /// Refuses to adopt a tree that another agent works in.
    pub(super) fn adopted(&self, tree: &Path) -> Result<(), TreeError> {
        let holds = |other: &&Record| other.tree == tree || other.tree.canonicalize().is_ok_and(|held| held == tree);
        match self.others.iter().find(holds) {
            Some(other) => Err(TreeError::InUse { path: tree.to_owned(), agent: other.agent }),
            None => Ok(()),
        }
    }

    /// Refuses a file that is rendered for another agent.
    pub(super) fn file(&self, path: &Path) -> Result<(), Error> {
        match self.others.iter().find(|other| other.rendered.iter().any(|held| held == path)) {
            Some(other) => Err(Error::FileTaken { path: path.to_owned(), agent: other.agent }),
            None => Ok(()),
        }
    }
}
