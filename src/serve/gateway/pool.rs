//! Connections to applications, kept for a moment: a page asks for a hundred files at once, and each need not wait for a
//! connection of its own.
//!
//! They are kept for one second only. Servers close idle connections (Node after 5 s), and a request that is sent at
//! that moment is lost. One that was certainly not read, or that may be read twice, is sent again.

use std::collections::HashMap;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use http_body_util::{Either, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::system;

/// How long an application may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a connection is kept that has nothing to do.
const IDLE: Duration = Duration::from_secs(1);
/// How many are kept for one application.
const KEPT: usize = 64;

/// What is sent.
pub(super) type Sent = Either<Incoming, Empty<Bytes>>;

/// Where to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Upstream {
    /// A port of this machine, on 127.0.0.1 or on `[::1]`.
    Local(u16),
    /// `10.0.0.5:9000`.
    Remote(String),
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// No connection.
    #[error("it does not accept connections")]
    Connect(#[source] io::Error),
    /// No answer, or something else.
    #[error("what it answers is not HTTP, or broke off")]
    Broken(#[source] hyper::Error),
}

/// The connections.
#[derive(Default)]
pub(super) struct Pool(Mutex<HashMap<Upstream, Vec<Kept>>>);

struct Kept {
    sender: SendRequest<Sent>,
    since: Instant,
}

impl Pool {
    /// Sends a request; returns the beginning of the answer.
    ///
    /// # Errors
    /// There is none.
    pub(super) async fn send(&self, to: &Upstream, mut request: Request<Sent>) -> Result<Response<Incoming>, Fault> {
        while let Some(mut sender) = self.take(to) {
            let again = repeatable(&request);
            match sender.try_send_request(request).await {
                Ok(answer) => {
                    self.keep(to, sender);
                    return Ok(answer);
                }
                Err(mut error) => match error.take_message().or(again) {
                    Some(back) => request = back,
                    None => return Err(Fault::Broken(error.into_error())),
                },
            }
        }
        let mut sender = connect(to).await?;
        let answer = sender.send_request(request).await.map_err(Fault::Broken)?;
        self.keep(to, sender);
        Ok(answer)
    }

    /// Sends one that asks for an upgrade, on a connection that serves nothing else.
    ///
    /// # Errors
    /// There is no answer.
    pub(super) async fn send_alone(to: &Upstream, request: Request<Sent>) -> Result<Response<Incoming>, Fault> {
        connect(to).await?.send_request(request).await.map_err(Fault::Broken)
    }

    fn take(&self, to: &Upstream) -> Option<SendRequest<Sent>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = all.get_mut(to)?;
        // one that is not ready is still reading an answer
        let at = kept.iter().rposition(|kept| kept.sender.is_ready())?;
        Some(kept.swap_remove(at).sender)
    }

    fn keep(&self, to: &Upstream, sender: SendRequest<Sent>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = all.entry(to.clone()).or_default();
        // an answer that is being read goes on without it
        if kept.len() < KEPT {
            kept.push(Kept { sender, since: Instant::now() });
        }
    }

    /// Closes those that have had nothing to do; to be called every second.
    pub(super) fn sweep(&self) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, kept| {
            kept.retain(|kept| !kept.sender.is_closed() && kept.since.elapsed() < IDLE);
            !kept.is_empty()
        });
    }
}

/// The same request once more, if it is one that may be read twice.
fn repeatable(request: &Request<Sent>) -> Option<Request<Sent>> {
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if !is_safe || matches!(request.body(), Either::Left(_)) {
        return None;
    }
    let mut again = Request::new(Either::Right(Empty::new()));
    again.method_mut().clone_from(request.method());
    again.uri_mut().clone_from(request.uri());
    again.headers_mut().clone_from(request.headers());
    Some(again)
}

async fn connect(to: &Upstream) -> Result<SendRequest<Sent>, Fault> {
    let connecting = async {
        match to {
            Upstream::Local(port) => system::http_connect(None, *port).await,
            Upstream::Remote(authority) => TcpStream::connect(authority).await,
        }
    };
    let silent = |_| io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} s", CONNECT.as_secs()));
    let stream = timeout(CONNECT, connecting).await.map_err(silent).flatten().map_err(Fault::Connect)?;
    let _ = stream.set_nodelay(true);
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(Fault::Broken)?;
    // ends with its sender, and with the answer that is being read
    tokio::spawn(connection.with_upgrades());
    Ok(sender)
}
