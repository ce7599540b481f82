//! `harness __autoheal HOME`: arguments, a runtime, until it is told to end.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

use super::watch;
use crate::report::Kind;
use crate::system::Home;

/// The hidden command.
pub(super) const COMMAND: &str = "__autoheal";

/// Watches the containers of a home when `arguments` (without the program's name) ask for it, until SIGTERM or
/// SIGINT; `None` when they ask for something else.
pub fn entry(arguments: &[OsString]) -> Option<ExitCode> {
    let (command, rest) = arguments.split_first()?;
    if command.to_str() != Some(COMMAND) {
        return None;
    }
    let [home] = rest else { return Some(ExitCode::from(Kind::Usage.exit_code())) };
    let Ok(home) = Home::open(Path::new(home)) else { return Some(ExitCode::from(Kind::Environment.exit_code())) };
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        return Some(ExitCode::from(Kind::Environment.exit_code()));
    };
    runtime.block_on(async {
        let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
        else {
            return Some(ExitCode::from(Kind::Environment.exit_code()));
        };
        tokio::select! {
            () = watch::run(&home) => {}
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        Some(ExitCode::SUCCESS)
    })
}
