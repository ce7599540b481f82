//! Programs that take their time over a tree. They end with harness: a command that is interrupted kills
//! them with all they started, and what a killed one leaves is known by the stack's marker, so that the
//! next command sweeps it away before it looks at the tree.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::git::Error;
use crate::system::{self, CommandSpec, Git, MARKER, Output, Program};

/// Runs `program` in `directory`, as a part of the stack that `marker` names.
pub(super) async fn run(program: &[&OsStr], directory: &Path, marker: &str) -> Result<Output, Error> {
    let text = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
    let mut environment: Vec<_> = Git::environment(std::env::vars_os()).into_iter().filter_map(text).collect();
    environment.push((MARKER.to_owned(), marker.to_owned()));
    let program = Program::Argv(program.iter().copied().map(OsString::from).collect());
    let spec = CommandSpec { program, ..CommandSpec::shell("", directory, environment) };
    Ok(system::run(&spec, |_| {}).await?)
}
