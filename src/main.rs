//! The `harness` command: arguments to command to exit code.

use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    harness::hidden_command(&arguments[1..]).unwrap_or_else(|| harness::cli::main(arguments))
}
