//! `http_get`: one request to the running stack.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::Request;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// How long a refused connection is tried again: a watcher may be restarting the server.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(50);
/// Bytes of an answer that are read.
const BODY: usize = 64 * 1024;

/// What came back.
pub(super) struct Answer {
    /// Whether the status is one of 200..=399.
    pub(super) ok: bool,
    /// For people: `GET http://… answered 503 Service Unavailable: …`.
    pub(super) text: String,
    /// Status, headers and body, for the log.
    pub(super) log: Vec<u8>,
}

/// Asks `host`, or both loopback addresses.
pub(super) async fn get(host: Option<&str>, port: u16, path: &str) -> Answer {
    let url = format!("http://{}:{port}{path}", host.unwrap_or("127.0.0.1"));
    match ask(host, port, path).await {
        Ok((status, log, body)) => {
            let ok = (200..=399).contains(&status.as_u16());
            let body = String::from_utf8_lossy(&body);
            let first = body.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
            let said = if first.is_empty() {
                String::new()
            } else {
                format!(": {}", &first[..first.floor_char_boundary(200)])
            };
            Answer { ok, text: format!("GET {url} answered {status}{said}"), log }
        }
        Err(error) => {
            let text = format!("GET {url} failed: {error}");
            Answer { ok: false, log: text.clone().into_bytes(), text }
        }
    }
}

type Fault = Box<dyn std::error::Error + Send + Sync>;

async fn ask(host: Option<&str>, port: u16, path: &str) -> Result<(hyper::StatusCode, Vec<u8>, Bytes), Fault> {
    let stream = connect(host, port).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::get(if path.starts_with('/') { path.to_owned() } else { format!("/{path}") })
        .header("host", format!("{}:{port}", host.unwrap_or("127.0.0.1")))
        .header("user-agent", "harness-verify")
        .header("connection", "close")
        .body(Empty::<Bytes>::new())?;
    let exchange = async {
        let response = sender.send_request(request).await?;
        let (head, body) = response.into_parts();
        let body = match Limited::new(body, BODY).collect().await {
            Ok(body) => body.to_bytes(),
            // longer than anybody wants to read: the status is what counts
            Err(_) => Bytes::new(),
        };
        let mut log = format!("{:?} {}\n", head.version, head.status).into_bytes();
        for (name, value) in &head.headers {
            log.extend_from_slice(name.as_str().as_bytes());
            log.extend_from_slice(b": ");
            log.extend_from_slice(value.as_bytes());
            log.push(b'\n');
        }
        log.push(b'\n');
        log.extend_from_slice(&body);
        Ok::<_, Fault>((head.status, log, body))
    };
    tokio::pin!(connection, exchange);
    tokio::select! {
        biased;
        answer = &mut exchange => answer,
        // the server hung up: what it said before is still to be had, or the request fails of it
        _ = &mut connection => exchange.await,
    }
}

async fn connect(host: Option<&str>, port: u16) -> std::io::Result<TcpStream> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let attempt = if let Some(host) = host {
            TcpStream::connect((host, port)).await
        } else {
            let both: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
            TcpStream::connect(both.map(|address| SocketAddr::new(address, port)).as_slice()).await
        };
        match attempt {
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused && Instant::now() < deadline => {
                tokio::time::sleep(PAUSE).await;
            }
            other => return other,
        }
    }
}
