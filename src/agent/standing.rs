//! The project that a command runs in.

use super::{Context, identity, place::Place};
use crate::project::{FILE, Project, find_root};
use crate::report::Failure;

impl Context {
    /// The project of the current directory. In an agent's own work tree that is the agent's project, not
    /// the copy of its `harness.toml` that lies there; in any other linked work tree it is the main checkout's.
    ///
    /// # Errors
    /// There is none, or its `harness.toml` is wrong.
    pub fn project(&self) -> Result<Project, Failure> {
        Ok(self.project_at(&self.place()?.root)?)
    }

    /// The project's root and the tree that the command stands in.
    ///
    /// # Errors
    /// There is no project.
    pub(super) fn place(&self) -> Result<Place, Failure> {
        let around = identity::records_around(self)?;
        let in_tree = around.iter().find(|record| !record.shares_root() && record.project_root.join(FILE).is_file());
        if let Some(record) = in_tree {
            let tree = record.tree.canonicalize().unwrap_or_else(|_| record.tree.clone());
            // a project of its own, further down in the tree, is another one
            let nearest = find_root(&self.directory);
            let another = nearest.is_ok_and(|root| root.starts_with(&tree) && root != tree);
            if !another {
                let linked = record.worktree.as_ref().map(|worktree| worktree.path.clone());
                return Ok(Place { root: record.project_root.clone(), tree, linked });
            }
        }
        Ok(Place::of(&self.directory)?)
    }
}
