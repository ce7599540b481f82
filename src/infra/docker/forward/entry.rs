//! `harness __forward`: arguments, a runtime, until SIGTERM or SIGINT.

use std::ffi::OsString;
use std::net::IpAddr;
use std::process::ExitCode;

use super::relay;
use crate::infra::docker::process::run_until_signal;
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
    Some(run_until_signal(relay::run(address, &ports)))
}

/// `ADDRESS PORT...`
fn parse(arguments: &[OsString]) -> Option<(IpAddr, Vec<u16>)> {
    let mut words = arguments.iter().map(|argument| argument.to_str());
    let address = words.next()??.parse().ok()?;
    let ports: Option<Vec<u16>> = words.map(|word| word?.parse().ok()).collect();
    Some((address, ports?))
}
