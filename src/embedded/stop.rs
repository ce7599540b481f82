//! When a server should end: SIGTERM, as its supervisor sends it, or SIGINT, as a person does.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::system;

/// Ends every part of a server.
#[derive(Debug, Clone)]
pub(super) struct Stop(watch::Receiver<bool>);

impl Stop {
    /// A stop that comes with the first SIGTERM or SIGINT. Both signals are caught from the moment of return.
    pub(super) fn on_signal() -> system::Result<Self> {
        let catch = |kind| signal(kind).map_err(system::Error::call("catch signals"));
        let (mut terminate, mut interrupt) = (catch(SignalKind::terminate())?, catch(SignalKind::interrupt())?);
        let (sender, receiver) = watch::channel(false);
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            let _ = sender.send(true);
            // receivers see the value only while a sender lives
            std::future::pending::<()>().await;
        });
        Ok(Self(receiver))
    }

    /// Returns when the server should end; immediately after the first signal.
    pub(super) async fn asked(&mut self) {
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}
