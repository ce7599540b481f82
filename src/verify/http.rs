//! `http_get`: one request to the running stack.

use std::net::SocketAddr;
use std::time::Duration;

use hyper::Method;

use crate::system::text::{cut, first_line};
use crate::system::{Deadline, HttpAnswer, http_connect, http_exchange};

/// How long a refused connection is tried again: a watcher may be restarting the server.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(50);

/// What came back.
pub(super) struct Answer {
    /// Whether the status is one of 200..=399.
    pub(super) ok: bool,
    /// For people: `GET http://… answered 503 Service Unavailable: …`.
    pub(super) text: String,
    /// Status, headers and body, for the log.
    pub(super) log: Vec<u8>,
}

/// Asks `host`, or both loopback addresses; says which address of loopback it is connected to, before it asks.
pub(super) async fn get(host: Option<&str>, port: u16, path: &str, connected: impl FnOnce(SocketAddr)) -> Answer {
    let url = format!("http://{}:{port}{path}", host.unwrap_or("127.0.0.1"));
    match ask(host, port, path, connected).await {
        Ok(answer) => {
            let status = answer.status;
            let ok = (200..=399).contains(&status.as_u16());
            let body = String::from_utf8_lossy(&answer.body);
            let first = first_line(&body);
            let said = if first.is_empty() { String::new() } else { format!(": {}", cut(first, 200)) };
            Answer { ok, text: format!("GET {url} answered {status}{said}"), log: transcript(&answer) }
        }
        Err(error) => {
            let text = format!("GET {url} failed: {error}");
            Answer { ok: false, log: text.clone().into_bytes(), text }
        }
    }
}

type Fault = Box<dyn std::error::Error + Send + Sync>;

async fn ask(
    host: Option<&str>,
    port: u16,
    path: &str,
    connected: impl FnOnce(SocketAddr),
) -> Result<HttpAnswer, Fault> {
    let deadline = Deadline::after("the server", PATIENCE);
    let stream = loop {
        match http_connect(host, port).await {
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused && !deadline.passed() => {
                deadline.pause(PAUSE).await;
            }
            other => break other?,
        }
    };
    if let Some(peer) = stream.peer_addr().ok().filter(|peer| peer.ip().to_canonical().is_loopback()) {
        connected(peer);
    }
    http_exchange(stream, Method::GET, host.unwrap_or("127.0.0.1"), path).await
}

/// Status, headers and body, as they came.
fn transcript(answer: &HttpAnswer) -> Vec<u8> {
    let mut log = format!("{}\n", answer.status).into_bytes();
    for (name, value) in &answer.headers {
        log.extend_from_slice(name.as_str().as_bytes());
        log.extend_from_slice(b": ");
        log.extend_from_slice(value.as_bytes());
        log.push(b'\n');
    }
    log.push(b'\n');
    log.extend_from_slice(&answer.body);
    log
}
