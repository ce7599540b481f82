//! The commands that harness starts itself: small processes that run for long.

use std::ffi::OsString;
use std::process::ExitCode;

use crate::{agent, embedded, infra, postgres, supervisor, system};

/// Runs one of them if `arguments`, without the program's name, ask for it. They touch no client library, which keeps
/// their memory small.
pub fn hidden_command(arguments: &[OsString]) -> Option<ExitCode> {
    let entries = [
        supervisor::entry,
        embedded::entry,
        infra::docker::forward::entry,
        infra::docker::autoheal::entry,
        infra::docker::store::entry,
        postgres::closing::entry,
        postgres::background::entry,
        agent::refill_trees_entry,
        system::loopback_map::entry,
    ];
    entries.into_iter().find_map(|entry| entry(arguments))
}
