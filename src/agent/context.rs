//! What every verb starts from: the home, the caller's environment, the current directory, the receiver of events.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Error;
use crate::project::{ConfigError, Project};
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
    /// Receives progress.
    pub events: Events,
}

impl Context {
    /// Looks a variable of the caller up.
    pub fn variable(&self, name: &str) -> Option<String> {
        self.environment.get(name).cloned()
    }

    /// The error of a verb that needs the shared servers where none are recorded.
    pub(super) fn without_servers(&self) -> Failure {
        match self.home.whole() {
            Ok(_) => Error::NoInfra.into(),
            Err(partial) => partial.into(),
        }
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
