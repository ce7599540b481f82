//! `harness __autoheal HOME`: arguments, a runtime, until SIGTERM or SIGINT.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use super::stack::COMMAND;
use super::watch;
use crate::infra::docker::process::run_until_signal;
use crate::report::Kind;
use crate::system::Home;

/// Watches the containers of a home when `arguments` (without the program's name) ask for it, until SIGTERM or
/// SIGINT; `None` when they ask for something else.
pub fn entry(arguments: &[OsString]) -> Option<ExitCode> {
    let (command, rest) = arguments.split_first()?;
    if command.to_str() != Some(COMMAND) {
        return None;
    }
    let [home] = rest else { return Some(ExitCode::from(Kind::Usage.exit_code())) };
    let Ok(home) = Home::open(Path::new(home)) else { return Some(ExitCode::from(Kind::Environment.exit_code())) };
    Some(run_until_signal(watch::run(&home)))
}
