//! When a server should end: SIGTERM, as its supervisor sends it, or SIGINT, as a person does.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::{Error, Result};

/// Ends every part of a server.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// A stop that comes with the first SIGTERM or SIGINT. Both signals are caught from the moment of return.
    pub fn on_signal() -> Result<Self> {
        let catch = |kind| signal(kind).map_err(Error::call("catch signals"));
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
    pub async fn asked(&mut self) {
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}
