//! The `harness` command.

use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    // first of all, so that guardian and supervisor stay small
    if let Some(code) = harness::supervisor::entry(&arguments) {
        return code;
    }
    if let Some(code) = harness::embedded::entry(&arguments) {
        return code;
    }
    ExitCode::SUCCESS
}
