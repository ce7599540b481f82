//! One step: a shell command or a file of SQL, against one database. Used by templates and `post_clone`;
//! [`super::run_step()`] runs it.

use std::path::Path;
use std::time::Duration;

use crate::project::StepAction;

use super::DatabaseCredentials;

/// A step with everything it needs.
#[derive(Debug, Clone)]
pub struct Step<'a> {
    /// What messages call it.
    pub name: &'a str,
    /// What it does.
    pub action: &'a StepAction,
    /// The tree that paths are relative to.
    pub tree: &'a Path,
    /// Where a command runs, relative to the tree.
    pub working_dir: Option<&'a Path>,
    /// The complete environment, but for `PG*`, which come from `login`.
    pub environment: Vec<(String, String)>,
    /// The database it works on.
    pub login: &'a DatabaseCredentials,
    /// When it is ended.
    pub timeout: Duration,
}

impl Step<'_> {
    /// How a step that took too long ended.
    pub(super) fn timed_out(&self) -> String {
        format!("timed out after {} s", self.timeout.as_secs_f64())
    }
}
