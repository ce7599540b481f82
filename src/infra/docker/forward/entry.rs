//! `harness __forward`: arguments, a runtime, until it is told to end.

use std::ffi::OsString;
use std::net::IpAddr;
use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

use super::relay;
use crate::report::Kind;

/// The hidden command.
pub(super) const COMMAND: &str = "__forward";

/// Runs the forwarder when `arguments` (without the program's name) ask for it, until SIGTERM or SIGINT; `None` when
/// they ask for something else.
pub fn entry(arguments: &[OsString]) -> Option<ExitCode> {
    let (command, rest) = arguments.split_first()?;
    if command.to_str() != Some(COMMAND) {
        return None;
    }
    let Some((address, ports)) = parse(rest) else { return Some(ExitCode::from(Kind::Usage.exit_code())) };
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        return Some(ExitCode::from(Kind::Environment.exit_code()));
    };
    runtime.block_on(async {
        let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
        else {
            return Some(ExitCode::from(Kind::Environment.exit_code()));
        };
        tokio::select! {
            () = relay::run(address, &ports) => {}
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        Some(ExitCode::SUCCESS)
    })
}

/// `ADDRESS PORT...`
fn parse(arguments: &[OsString]) -> Option<(IpAddr, Vec<u16>)> {
    let mut words = arguments.iter().map(|argument| argument.to_str());
    let address = words.next()??.parse().ok()?;
    let ports: Option<Vec<u16>> = words.map(|word| word?.parse().ok()).collect();
    Some((address, ports?))
}
