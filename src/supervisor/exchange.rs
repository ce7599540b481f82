//! One exchange with a server: bytes are sent, and an answer is expected that begins as its protocol says.
//!
//! A server that is stopped (SIGSTOP, a paused container) still accepts connections, because the kernel does that for
//! it; only an answer shows that it works.

use std::io;
use std::net::Ipv4Addr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What is read of an answer at most.
const LONGEST: usize = 512;

/// Connects to `port` of 127.0.0.1, sends `send`, and reads until the answer begins as one of `expect`. `Some` says what
/// is wrong with the answer. It waits as long as the server does: the caller sets a limit.
///
/// # Errors
/// The connection was refused or broken.
pub async fn exchange(port: u16, send: &[u8], expect: &[String]) -> io::Result<Option<String>> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    stream.write_all(send).await?;
    let mut answer = Vec::new();
    loop {
        if expect.iter().any(|start| answer.starts_with(start.as_bytes())) {
            return Ok(None);
        }
        let possible = expect.iter().any(|start| start.as_bytes().starts_with(&answer));
        let mut buffer = [0; 256];
        let read = if possible && answer.len() < LONGEST { stream.read(&mut buffer).await? } else { 0 };
        if read == 0 {
            let text = String::from_utf8_lossy(&answer);
            return Ok(Some(format!("port {port} answered `{}`", text.escape_debug().take(80).collect::<String>())));
        }
        answer.extend_from_slice(&buffer[..read]);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::net::TcpListener;
    use tokio::time::timeout;

    use super::*;

    async fn asked(answer: &'static [u8]) -> io::Result<Option<String>> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(answer).await.unwrap();
            // held open: the answer alone decides
            std::future::pending::<()>().await;
        };
        let expect = ["220".to_owned(), "HTTP/1.".to_owned()];
        tokio::select! {
            outcome = exchange(port, b"QUIT\r\n", &expect) => outcome,
            () = server => unreachable!(),
        }
    }

    #[tokio::test]
    async fn the_beginning_of_an_answer_decides() {
        assert_eq!(asked(b"220 hello").await.unwrap(), None);
        assert_eq!(asked(b"HTTP/1.0 403 x").await.unwrap(), None);
        let wrong = asked(b"SSH-2.0-x").await.unwrap().unwrap();
        assert!(wrong.ends_with("answered `SSH-2.0-x`"), "{wrong}");
    }

    #[tokio::test]
    async fn a_server_that_accepts_and_never_answers_is_waited_for() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let expect = ["N".to_owned()];
        assert!(timeout(Duration::from_millis(100), exchange(port, &[0; 8], &expect)).await.is_err());
        drop(listener);
        assert!(exchange(port, &[0; 8], &expect).await.is_err());
    }
}
