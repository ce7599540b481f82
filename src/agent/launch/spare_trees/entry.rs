//! `harness __refill-trees ROOT`: the environment of the launch, a runtime, until all is there.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use super::refill::refill;
use crate::agent::Context;
use crate::agent::worktree::spare::COMMAND;
use crate::report::{Events, Failure, Kind};
use crate::system::{self, Home, work_detached};

/// To others the processor and, because the kernel derives it, the disk.
const NICENESS: i32 = 10;

/// The failure and its causes on one line; below it what explains it, the end of a step's output say.
fn said(failure: &Failure) -> String {
    let document = failure.document();
    let first = std::iter::once(document.message).chain(document.causes).collect::<Vec<_>>().join(": ");
    std::iter::once(first).chain(document.hint).chain(document.details).collect::<Vec<_>>().join("\n")
}

/// Refills when `arguments` (without the program's name) ask for it; `None` when they ask for something else.
pub fn entry(arguments: &[OsString]) -> Option<ExitCode> {
    let (command, rest) = arguments.split_first()?;
    if command.to_str() != Some(COMMAND) {
        return None;
    }
    let [root] = rest else { return Some(ExitCode::from(Kind::Usage.exit_code())) };
    let root = PathBuf::from(root);
    // a kernel that refuses lets it run at the usual one
    let _ = rustix::process::setpriority_process(None, NICENESS);
    let environment: std::collections::BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| name != system::MARKER)
        .collect();
    let home = Home::locate(|name| environment.get(name).cloned()).and_then(|path| Home::look(&path));
    let Ok(home) = home else { return Some(ExitCode::from(Kind::Environment.exit_code())) };
    let context = Context { home, environment, directory: root.clone(), events: Events::silent() };
    let work = async { refill(&context, &root).await.map_err(|failure| said(&failure)) };
    Some(match work_detached(work) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(Kind::Environment.exit_code()),
    })
}
