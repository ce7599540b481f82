//! SIGINT and SIGTERM of a command in progress.

use tokio::signal::unix::{SignalKind, signal};

/// Ends when harness is asked to end. While it is awaited the signals do not kill harness.
pub async fn interrupted() {
    // without handlers (out of descriptors) the signals keep their deadly default
    match (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) {
        (Ok(mut interrupt), Ok(mut terminate)) => {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        }
        _ => std::future::pending().await,
    }
}

/// Ends when harness is asked to end or its terminal is gone; the number of the signal. On a raw terminal Ctrl-C is
/// no signal, but a key.
pub(super) async fn ended() -> u8 {
    match (signal(SignalKind::terminate()), signal(SignalKind::hangup()), signal(SignalKind::interrupt())) {
        (Ok(mut terminate), Ok(mut hangup), Ok(mut interrupt)) => {
            tokio::select! {
                _ = terminate.recv() => 15,
                _ = hangup.recv() => 1,
                _ = interrupt.recv() => 2,
            }
        }
        _ => std::future::pending().await,
    }
}
