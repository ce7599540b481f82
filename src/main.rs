//! The `harness` command: arguments to command to exit code.

use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    // the long-lived small processes first: they touch no client library, so they stay small
    if let Some(code) = harness::supervisor::entry(&arguments[1..]) {
        return code;
    }
    if let Some(code) = harness::embedded::entry(&arguments[1..]) {
        return code;
    }
    if let Some(code) = harness::infra::docker::forward::entry(&arguments[1..]) {
        return code;
    }
    if let Some(code) = harness::infra::docker::autoheal::entry(&arguments[1..]) {
        return code;
    }
    if let Some(code) = harness::postgres::closing::entry(&arguments[1..]) {
        return code;
    }
    harness::cli::main(arguments)
}
