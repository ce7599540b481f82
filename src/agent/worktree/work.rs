//! Programs that take their time over a tree.
//!
//! They end with harness: a command that is interrupted kills them with all they started. What a killed
//! command leaves carries the stack's marker, so that the next command ends it before it looks at the tree.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::time::Duration;

use super::git::Error;
use crate::report::Events;
use crate::system::{self, CommandSpec, Git, MARKER, Output, Program};

/// For which agent programs run.
#[derive(Debug)]
pub(in crate::agent) struct Work<'a> {
    /// The marker of its stack.
    pub(in crate::agent) marker: &'a str,
    /// Where progress is reported.
    pub(in crate::agent) events: &'a Events,
    /// What events are about: `agent 3`.
    pub(in crate::agent) subject: &'a str,
}

impl Work<'_> {
    /// Runs `program` in `directory`, at most for `timeout`.
    pub(super) async fn run(
        &self,
        program: &[&OsStr],
        directory: &Path,
        timeout: Option<Duration>,
    ) -> Result<Output, Error> {
        run(program, directory, self.marker, timeout).await
    }
}

/// Runs `program` in `directory`, as a part of the stack that `marker` names.
pub(super) async fn run(
    program: &[&OsStr],
    directory: &Path,
    marker: &str,
    timeout: Option<Duration>,
) -> Result<Output, Error> {
    let text = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
    let mut environment: Vec<_> = Git::environment(std::env::vars_os()).into_iter().filter_map(text).collect();
    environment.push((MARKER.to_owned(), marker.to_owned()));
    let program = Program::Argv(program.iter().copied().map(OsString::from).collect());
    let spec = CommandSpec { program, timeout, ..CommandSpec::shell("", directory, environment) };
    Ok(system::run(&spec, |_| {}).await?)
}
