//! The SDK's transport, and an answer to what is not JSON: the SDK says nothing to it, JSON-RPC asks for an error without
//! an id.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use rmcp::RoleServer;
use rmcp::model::{ErrorCode, ErrorData};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use rmcp::transport::async_rw::AsyncRwTransport;
use tokio::fs::File;
use tokio::sync::Notify;
use tokio::sync::mpsc::{self, UnboundedReceiver};

use super::stdio::Watched;

/// The messages of one client.
pub(super) struct Answering {
    inner: AsyncRwTransport<RoleServer, Watched<File>, File>,
    unreadable: UnboundedReceiver<()>,
    /// An answer that is being written: a `receive` that is given up half-way goes on with it.
    answer: Option<Pin<Box<dyn Future<Output = io::Result<()>> + Send>>>,
}

impl Answering {
    /// `closed` is notified when there is no more to read.
    pub(super) fn new(input: File, output: File, closed: Arc<Notify>) -> Self {
        let (tell, unreadable) = mpsc::unbounded_channel();
        let inner = AsyncRwTransport::new_server(Watched::new(input, tell, closed), output);
        Self { inner, unreadable, answer: None }
    }
}

impl Transport<RoleServer> for Answering {
    type Error = io::Error;

    fn send(&mut self, item: TxJsonRpcMessage<RoleServer>) -> impl Future<Output = io::Result<()>> + Send + 'static {
        self.inner.send(item)
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        loop {
            if let Some(answer) = &mut self.answer {
                // a client that does not read hears of it by the end of the stream
                let _ = answer.await;
                self.answer = None;
            }
            let message = tokio::select! {
                biased;
                Some(()) = self.unreadable.recv() => None,
                message = self.inner.receive() => Some(message),
            };
            match message {
                // a line that is not JSON may have come with the end
                Some(None) if self.unreadable.try_recv().is_ok() => {}
                Some(message) => return message,
                None => {}
            }
            let error = ErrorData::new(ErrorCode::PARSE_ERROR, "this line is not JSON", None);
            self.answer = Some(Box::pin(self.inner.send(TxJsonRpcMessage::<RoleServer>::error(error, None))));
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        self.inner.close().await
    }
}
