//! What the hidden commands of this engine have in common: a small runtime, until SIGTERM or SIGINT.

use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

use crate::report::Kind;

/// Works until it is told to end, or has nothing more to do.
pub(super) fn until_told(work: impl Future<Output = ()>) -> ExitCode {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        return ExitCode::from(Kind::Environment.exit_code());
    };
    runtime.block_on(async {
        let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
        else {
            return ExitCode::from(Kind::Environment.exit_code());
        };
        tokio::select! {
            () = work => {}
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        ExitCode::SUCCESS
    })
}
