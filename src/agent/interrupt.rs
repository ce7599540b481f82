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
