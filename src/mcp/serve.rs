//! The life of the server: from the first message to the end of stdin, or a signal.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use rmcp::ServiceExt;
use tokio::sync::Notify;
use tokio::task::LocalSet;

use super::call::Calls;
use super::server::Server;
use super::stdio;
use super::transport::Answering;
use crate::agent::interrupted;
use crate::report::Failure;
use crate::system::Error;

/// How long the answers to what a client said before it closed stdin may take to write.
const LAST_ANSWERS: Duration = Duration::from_secs(10);

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
    let closed = Arc::new(Notify::new());
    let calls = Rc::new(Calls::default());
    let server = Server::new(environment, directory, Rc::clone(&calls));
    let [input, output] = [input, output].map(|stream| tokio::fs::File::from_std(File::from(stream)));
    let transport = Answering::new(input, output, Arc::clone(&closed));
    LocalSet::new().block_on(&runtime, async {
        let serving = async {
            // a client that goes away before it has introduced itself is no failure
            if let Ok(running) = server.serve(transport).await {
                let _ = running.waiting().await;
            }
        };
        let stopped = async {
            interrupted().await;
            calls.end().await;
        };
        // after the end of stdin the last answers are still written, to a client that reads them
        let left = async {
            closed.notified().await;
            calls.end().await;
            tokio::time::sleep(LAST_ANSWERS).await;
        };
        tokio::select! {
            biased;
            () = stopped => {}
            () = serving => calls.end().await,
            () = left => {}
        }
    });
    // a read of stdin that never ends keeps nobody
    runtime.shutdown_background();
    Ok(())
}
