//! What the hidden commands of this engine have in common: a small runtime, until SIGTERM or SIGINT.

use std::process::ExitCode;

use crate::report::Kind;
use crate::system::until_signal;

/// Works until SIGTERM or SIGINT, or until there is nothing more to do.
pub(super) fn run_until_signal(work: impl Future<Output = ()>) -> ExitCode {
    match until_signal(work) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(Kind::Environment.exit_code()),
    }
}
