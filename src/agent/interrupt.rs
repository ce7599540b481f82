//! What asks a command in progress to end: SIGINT and SIGTERM, or its caller where one process serves several.

use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;

tokio::task_local! {
    static CALLER: Interruption;
}

/// How a caller inside this process asks one command to end, as Ctrl-C does on a terminal; each call is one Ctrl-C.
#[derive(Debug, Clone, Default)]
pub struct Interruption(Arc<Notify>);

impl Interruption {
    /// Asks. What is asked before the command listens is not lost.
    pub fn ask(&self) {
        self.0.notify_one();
    }

    /// Runs a command that can be asked so.
    pub async fn scope<T>(&self, work: impl Future<Output = T>) -> T {
        CALLER.scope(self.clone(), work).await
    }
}

/// Ends when harness is asked to end. While it is awaited the signals do not kill harness: before its first poll they
/// do. So a `select!` polls it before the work that it interrupts (`biased`), or that work begins unprotected.
pub async fn interrupted() {
    let caller = CALLER.try_with(Clone::clone).ok();
    let called_off = async {
        match caller {
            Some(Interruption(notify)) => notify.notified().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = signalled() => {}
        () = called_off => {}
    }
}

async fn signalled() {
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
