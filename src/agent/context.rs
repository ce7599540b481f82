//! What every verb starts from: the home, the caller's environment, where it stands, who listens.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::identity;
use crate::project::{ConfigError, Project, find_root};
use crate::report::{Events, Failure};
use crate::system::Home;

/// The surroundings of one command.
#[derive(Debug, Clone)]
pub struct Context {
    /// The home.
    pub home: Home,
    /// The caller's environment, read once.
    pub environment: BTreeMap<String, String>,
    /// Where the command was given (`-C`), absolute.
    pub directory: PathBuf,
    /// Who hears of progress.
    pub events: Events,
}

impl Context {
    /// Looks a variable of the caller up.
    pub fn variable(&self, name: &str) -> Option<String> {
        self.environment.get(name).cloned()
    }

    /// The project that the command stands in. In an agent's own work tree that is the agent's project, not
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

    /// A project as an agent's tree sees it.
    pub(super) fn in_tree(&self, project: &Project, tree: &Path) -> Result<Project, ConfigError> {
        Ok(project.for_tree(tree, &|name| self.variable(name))?.project)
    }

    /// The project whose root is known.
    pub(super) fn project_at(&self, root: &Path) -> Result<Project, ConfigError> {
        Project::load(root, &|name| self.variable(name))
    }
}
