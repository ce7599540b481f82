//! HTTP as tests need it: one request a connection, on either loopback address.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A status, a head and a body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Status line and headers as they came.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    /// The body as a JSON document.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {:?}", self.body))
    }
}

/// Gets a path from a port of this machine.
#[track_caller]
pub(crate) fn get(port: u16, path: &str) -> Answer {
    try_get(port, path).unwrap_or_else(|error| panic!("GET {port}{path}: {error}"))
}

/// Gets a path; whatever goes wrong is an error.
pub(crate) fn try_get(port: u16, path: &str) -> Result<Answer, String> {
    request(port, &format!("GET {path} HTTP/1.0\r\nHost: localhost:{port}\r\n\r\n"), &[])
}

/// Posts bytes.
#[track_caller]
pub(crate) fn post(port: u16, path: &str, content_type: &str, body: &[u8]) -> Answer {
    let head = format!(
        "POST {path} HTTP/1.0\r\nHost: localhost:{port}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    request(port, &head, body).unwrap_or_else(|error| panic!("POST {port}{path}: {error}"))
}

/// Sends any request.
#[track_caller]
pub(crate) fn send(method: &str, port: u16, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let lines: Vec<String> = headers.iter().map(|(name, value)| [name, ": ", value, "\r\n"].concat()).collect();
    let headers = lines.concat();
    let length = body.len();
    let head =
        format!("{method} {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {length}\r\n{headers}\r\n");
    request(port, &head, body).unwrap_or_else(|error| panic!("{method} {port}{path}: {error}"))
}

fn request(port: u16, head: &str, body: &[u8]) -> Result<Answer, String> {
    let mut stream = connect(port).map_err(|error| error.to_string())?;
    let mut exchange = || {
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        stream.write_all(head.as_bytes())?;
        stream.write_all(body)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok::<_, std::io::Error>(answer)
    };
    let bytes = exchange().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").ok_or_else(|| format!("no HTTP: {text:?}"))?;
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).ok_or_else(|| format!("{head:?}"))?;
    Ok(Answer { status, head: head.to_owned(), body: body.to_owned() })
}

fn connect(port: u16) -> std::io::Result<TcpStream> {
    let timeout = Duration::from_secs(2);
    TcpStream::connect_timeout(&SocketAddr::from(([127, 0, 0, 1], port)), timeout)
        .or_else(|_| TcpStream::connect_timeout(&SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], port)), timeout))
}
