//! The serving side of HTTP, which several servers share: keep-alive connections, upgrades, an orderly end.

use std::error::Error as StdError;
use std::time::Duration;

use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::Stop;

/// A connection that sends no complete request head for this long is closed.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);

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

/// Serves until `stop`, then lets running requests finish for at most `last_requests`.
pub async fn serve<S, B>(listeners: Vec<TcpListener>, service: S, mut stop: Stop, last_requests: Duration)
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<Box<dyn StdError + Send + Sync>>,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    let mut listening = JoinSet::new();
    for listener in listeners {
        let (service, mut stop) = (service.clone(), stop.clone());
        listening.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                tokio::select! {
                    () = stop.asked() => break,
                    stream = accept(&listener) => { connections.spawn(serve_connection(stream, service.clone(), stop.clone())); }
                    Some(_) = connections.join_next() => {}
                }
            }
            drop(listener);
            let _ = tokio::time::timeout(last_requests, connections.join_all()).await;
        });
    }
    stop.asked().await;
    listening.join_all().await;
}

async fn serve_connection<S, B>(stream: TcpStream, service: S, mut stop: Stop)
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
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        () = stop.asked() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}
