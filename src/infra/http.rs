//! One plain request to a server of this machine. Four known servers need no client library.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// No answer that is asked for here is longer.
const LIMIT: usize = 64 * 1024;

/// The body of a 2xx answer to a GET; the error is one line.
pub(super) async fn get(base: &str, path: &str) -> Result<String, String> {
    request("GET", base, path).await
}

/// The body of a 2xx answer of `http://host:port`; the error is one line.
pub(super) async fn request(method: &str, base: &str, path: &str) -> Result<String, String> {
    let authority = base.strip_prefix("http://").unwrap_or(base);
    let (host, port) = authority.rsplit_once(':').ok_or("no port")?;
    let port: u16 = port.parse().map_err(|_| "no port")?;
    let request = format!("{method} {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
    let exchange = async {
        let mut stream = TcpStream::connect((host, port)).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        let mut chunk = vec![0; 4096];
        // a server may keep the connection open all the same, so its own word on the length counts
        while !is_complete(&answer) && answer.len() < LIMIT {
            match stream.read(&mut chunk).await? {
                0 => break,
                length => answer.extend_from_slice(&chunk[..length]),
            }
        }
        std::io::Result::Ok(answer)
    };
    let answer = exchange.await.map_err(|error| error.to_string())?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).unwrap_or_default();
    if !status.starts_with('2') {
        return Err(format!("HTTP status `{status}`"));
    }
    Ok(answer.split_once("\r\n\r\n").map_or_else(String::new, |(_, body)| body.to_owned()))
}

fn is_complete(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    length.is_some_and(|length| body.len() >= length)
}

#[cfg(test)]
mod tests {
    use super::is_complete;

    #[test]
    fn an_answer_is_complete_by_its_own_word() {
        assert!(is_complete(b"HTTP/1.1 200 OK\r\ncontent-Length: 2\r\n\r\nok"));
        assert!(!is_complete(b"HTTP/1.1 200 OK\r\nContent-Length:3\r\n\r\nok"));
        assert!(!is_complete(b"HTTP/1.1 200 OK\r\n\r\nok"));
        assert!(!is_complete(b"HTTP/1.1 200 OK\r\n"));
    }
}
