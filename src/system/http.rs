//! One plain HTTP request to a server of this machine. (The supervisor's readiness probe has its own: it
//! must stay small enough to do without a client library.)

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::{HeaderMap, Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// Bytes of a body that are read; of a longer one only the status is returned.
const BODY: usize = 64 * 1024;

/// What a server answered.
#[derive(Debug)]
pub struct HttpAnswer {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body; empty where it was longer than 64 KiB.
    pub body: Bytes,
}

/// Connects to `host`, or to whichever loopback address listens.
///
/// # Errors
/// Nobody listens.
pub async fn connect(host: Option<&str>, port: u16) -> std::io::Result<TcpStream> {
    if let Some(host) = host {
        return TcpStream::connect((host, port)).await;
    }
    let both: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    TcpStream::connect(both.map(|address| SocketAddr::new(address, port)).as_slice()).await
}

/// Sends one request without a body over `stream` and reads the answer; the connection is not kept.
///
/// # Errors
/// What came back is not HTTP, or broke off.
pub async fn exchange(
    stream: TcpStream,
    method: Method,
    host: &str,
    path: &str,
) -> Result<HttpAnswer, Box<dyn std::error::Error + Send + Sync>> {
    let port = stream.peer_addr()?.port();
    exchange_over(stream, method, &format!("{host}:{port}"), path).await
}

/// The same over any stream; `authority` is the name of the server in the request.
///
/// # Errors
/// As above.
pub async fn exchange_over(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    method: Method,
    authority: &str,
    path: &str,
) -> Result<HttpAnswer, Box<dyn std::error::Error + Send + Sync>> {
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let slash = if path.starts_with('/') { "" } else { "/" };
    let request = Request::builder()
        .method(method)
        .uri(format!("{slash}{path}"))
        .header("host", authority)
        .header("user-agent", concat!("harness/", env!("CARGO_PKG_VERSION")))
        .header("connection", "close")
        .body(Empty::<Bytes>::new())?;
    let exchange = async {
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = Limited::new(body, BODY).collect().await.map(http_body_util::Collected::to_bytes);
        Ok(HttpAnswer { status: head.status, headers: head.headers, body: body.unwrap_or_default() })
    };
    tokio::pin!(connection, exchange);
    tokio::select! {
        biased;
        answer = &mut exchange => answer,
        // the server hung up: what it sent before can still be read, or the request fails
        _ = &mut connection => exchange.await,
    }
}
