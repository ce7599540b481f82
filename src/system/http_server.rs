//! The serving side of HTTP, which several servers share: keep-alive connections, upgrades, an orderly end.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use super::Stop;

/// How much a server takes on.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at a time; further ones wait until one ends. Those that became something else do not count.
    pub connections: usize,
    /// A connection that sends no complete request head for this long is closed, between two requests too.
    pub head: Duration,
    /// How long requests may take that run when the server should end.
    pub last_requests: Duration,
}

/// The next connection. An error of one connection, or a lack of descriptors, does not end a server.
pub async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // answers are small and a client waits for each: Nagle would add 40 ms
                let _ = stream.set_nodelay(true);
                return stream;
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// Serves until `stop`, then lets running requests finish.
pub async fn serve<S, B>(listeners: Vec<TcpListener>, service: S, mut stop: Stop, limits: Limits)
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<Box<dyn StdError + Send + Sync>>,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    let mut listening = JoinSet::new();
    let room = Arc::new(Semaphore::new(limits.connections));
    for listener in listeners {
        let (service, mut stop, room) = (service.clone(), stop.clone(), Arc::clone(&room));
        listening.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                tokio::select! {
                    () = stop.asked() => break,
                    (stream, place) = accept_into(&listener, &room) => {
                        let serving = serve_connection(stream, service.clone(), stop.clone(), limits.head);
                        connections.spawn(async move {
                            serving.await;
                            drop(place);
                        });
                    }
                    Some(_) = connections.join_next() => {}
                }
            }
            drop(listener);
            let _ = tokio::time::timeout(limits.last_requests, connections.join_all()).await;
        });
    }
    stop.asked().await;
    listening.join_all().await;
}

/// The next connection, once there is room for it.
async fn accept_into(listener: &TcpListener, room: &Arc<Semaphore>) -> (TcpStream, Option<OwnedSemaphorePermit>) {
    // it is never closed
    let place = Arc::clone(room).acquire_owned().await.ok();
    (accept(listener).await, place)
}

async fn serve_connection<S, B>(stream: TcpStream, service: S, mut stop: Stop, head: Duration)
where
    S: Service<Request<Incoming>, Response = Response<B>> + Send + 'static,
    S::Future: Send,
    S::Error: Into<Box<dyn StdError + Send + Sync>>,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        () = stop.asked() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}
