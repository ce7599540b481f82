//! The main loop of a small process: a runtime, and work until SIGTERM or SIGINT.

use tokio::signal::unix::{SignalKind, signal};

use super::{Error, Result};

/// Runs `work` on a runtime of one thread until it is done, or until SIGTERM or SIGINT.
///
/// # Errors
/// The runtime, or the signals, could not be set up; nothing was done.
pub fn until_signal(work: impl Future<Output = ()>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Error::call("start the asynchronous runtime"))?;
    runtime.block_on(async {
        let catch = |kind| signal(kind).map_err(Error::call("catch signals"));
        let (mut terminate, mut interrupt) = (catch(SignalKind::terminate())?, catch(SignalKind::interrupt())?);
        tokio::select! {
            () = work => {}
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        Ok(())
    })
}
