//! The project that a command runs in.

use super::{Context, identity};
use crate::project::{Project, find_root};
use crate::report::Failure;

impl Context {
    /// The project of the current directory. In an agent's own work tree that is the agent's project, not
    /// the copy of its `harness.toml` that lies there.
    ///
    /// # Errors
    /// There is none, or its `harness.toml` is wrong.
    pub fn project(&self) -> Result<Project, Failure> {
        let nearest = find_root(&self.directory);
        let around = identity::records_around(self)?;
        if let Some(record) = around.iter().find(|record| !record.shares_root()) {
            let tree = record.tree.canonicalize().unwrap_or_else(|_| record.tree.clone());
            // a project of its own, further down in the tree, is another one
            let another = nearest.as_ref().is_ok_and(|root| root.starts_with(&tree) && *root != tree);
            if !another {
                return Ok(self.project_at(&record.project_root)?);
            }
        }
        Ok(self.project_at(&nearest?)?)
    }
}
