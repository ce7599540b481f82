//! Threads, each with a connection: work that waits for the server keeps no request waiting that does not need it.

use std::sync::Arc;

use tokio::runtime::Builder;
use tokio::sync::{Mutex, mpsc, oneshot};

use super::database::QueueDatabase;
use super::link::{Link, Scope};
use crate::report::Happening;
use crate::serve::store::StoreError;
use crate::serve::store::sql::Sql;
use crate::system;

/// Connections of one server, besides the one that listens.
const CONNECTIONS: usize = 4;
/// How much work may wait; who sends more waits too.
const WAITING: usize = 256;

type Work = Box<dyn FnOnce(&mut Link) + Send>;

/// The connections, as everybody may use them.
#[derive(Clone)]
pub(in crate::serve::store) struct Pool(mpsc::Sender<Work>);

impl Pool {
    /// Starts the threads; connections are made when they are needed.
    pub(super) fn start(database: &QueueDatabase) -> Result<Self, StoreError> {
        let (work, waiting) = mpsc::channel::<Work>(WAITING);
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..CONNECTIONS {
            let runtime = Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(system::Error::call("start a runtime"))?;
            let (waiting, mut link) = (Arc::clone(&waiting), Link::new(runtime, database.clone()));
            std::thread::Builder::new()
                .name("queue".to_owned())
                .spawn(move || {
                    // while it waits, it hears when the server closes the connection
                    let next = async || waiting.lock().await.recv().await;
                    while let Some(work) = link.runtime.block_on(next()) {
                        work(&mut link);
                    }
                })
                .map_err(system::Error::call("start a thread"))?;
        }
        Ok(Self(work))
    }

    /// Runs one transaction.
    ///
    /// # Errors
    /// A statement failed, or `work` did; nothing was changed.
    pub(in crate::serve::store) async fn run<T: Send + 'static, E: From<StoreError> + Send + 'static>(
        &self,
        scope: Scope,
        work: impl FnOnce(&dyn Sql) -> Result<(T, Vec<Happening>), E> + Send + 'static,
    ) -> Result<T, E> {
        let (answer, answered) = oneshot::channel();
        let work: Work = Box::new(move |link| {
            // whoever asked may have gone
            let _ = answer.send(link.run(scope, work));
        });
        self.0.send(work).await.map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }
}
