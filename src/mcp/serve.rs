//! The life of the server: from the first message to the end of stdin, or a signal.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::rc::Rc;

use rmcp::ServiceExt;
use tokio::task::LocalSet;

use super::call::Calls;
use super::server::Server;
use super::stdio;
use super::transport::Answering;
use crate::agent::{Interruption, interrupted};
use crate::report::Failure;
use crate::system::Error;

/// Serves one client until it closes stdin, or SIGINT or SIGTERM comes. `environment` is the caller's; `directory` is
/// where the server was started.
///
/// # Errors
/// The standard streams cannot be used.
pub fn serve(environment: BTreeMap<String, String>, directory: PathBuf) -> Result<(), Failure> {
    let (input, output) = stdio::take().map_err(Error::call("take stdin and stdout"))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Error::call("start the asynchronous runtime"))?;
    let closed = Interruption::default();
    let calls = Rc::new(Calls::default());
    let server = Server::new(environment, directory, Rc::clone(&calls));
    let [input, output] = [input, output].map(|stream| tokio::fs::File::from_std(File::from(stream)));
    let transport = Answering::new(input, output, closed.clone());
    LocalSet::new().block_on(&runtime, async {
        let serving = async {
            // a client that goes away before it has introduced itself is no failure
            if let Ok(running) = server.serve(transport).await {
                let _ = running.waiting().await;
            }
        };
        let ending = closed.scope(async {
            interrupted().await;
            calls.end().await;
        });
        // after the end of stdin the answers to calls that have just ended are still written
        let mut ending = std::pin::pin!(ending);
        tokio::select! {
            biased;
            () = &mut ending => {}
            () = serving => calls.end().await,
        }
    });
    // a read of stdin that never ends keeps nobody
    runtime.shutdown_background();
    Ok(())
}
