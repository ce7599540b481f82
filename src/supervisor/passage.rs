//! Connections that a supervisor makes for a command and hands over as open sockets.
//!
//! A sandbox that cuts an agent off from the network often lets a Unix socket pass. A TCP socket belongs to the network
//! in which it was made, wherever it is used: the supervisor, which stands outside, connects it and sends the descriptor
//! over the control socket. No byte of the conversation passes through the supervisor. The master end of a terminal goes
//! the same way.

use std::io::{self, ErrorKind, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
    recvmsg, sendmsg,
};
use serde::de::DeserializeOwned;
use tokio::io::{AsyncWriteExt, Interest};
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::protocol::{LARGEST_FRAME, Response};

/// How long what listens may take to accept.
const PATIENCE: Duration = Duration::from_secs(3);
/// Code of the answer when nothing accepts.
pub(crate) const REFUSED: &str = "supervisor.refused";

/// Connects to `address`; the answer for the client, and the connection.
pub(crate) async fn open(address: &str) -> (Response, Option<OwnedFd>) {
    let outcome = match timeout(PATIENCE, tokio::net::TcpStream::connect(address)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(ErrorKind::TimedOut.into()),
    };
    match outcome.and_then(tokio::net::TcpStream::into_std) {
        Ok(connection) => (Response::Done, Some(connection.into())),
        Err(problem) => {
            let message = format!("nothing accepts connections on `{address}` ({problem})");
            (Response::Error { code: REFUSED.to_owned(), message }, None)
        }
    }
}

/// Writes an answer, whose first byte carries the connection.
pub(crate) async fn send(stream: &mut UnixStream, bytes: &[u8], connection: Option<OwnedFd>) -> io::Result<()> {
    let Some(connection) = connection else { return stream.write_all(bytes).await };
    let sent = stream
        .async_io(Interest::WRITABLE, || {
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
            let mut ancillary = SendAncillaryBuffer::new(&mut space);
            let descriptors = [connection.as_fd()];
            ancillary.push(SendAncillaryMessage::ScmRights(&descriptors));
            Ok(sendmsg(&*stream, &[IoSlice::new(bytes)], &mut ancillary, SendFlags::NOSIGNAL)?)
        })
        .await?;
    stream.write_all(&bytes[sent..]).await
}

/// Reads two messages, and the connection that came with them.
pub(crate) async fn receive<A: DeserializeOwned, B: DeserializeOwned>(
    stream: &UnixStream,
) -> io::Result<(A, B, Option<OwnedFd>)> {
    let mut bytes = Vec::new();
    let mut connection = None;
    loop {
        if let Some((first, after)) = message::<A>(&bytes)?
            && let Some((second, _)) = message::<B>(&bytes[after..])?
        {
            return Ok((first, second, connection));
        }
        let mut buffer = [0; 4096];
        let (read, came) = stream.async_io(Interest::READABLE, || take(stream, &mut buffer)).await?;
        if read == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        bytes.extend_from_slice(&buffer[..read]);
        connection = connection.or(came);
    }
}

fn take(stream: &UnixStream, buffer: &mut [u8]) -> io::Result<(usize, Option<OwnedFd>)> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let message = recvmsg(stream, &mut [IoSliceMut::new(buffer)], &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
    let connection = ancillary.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
        _ => None,
    });
    Ok((message.bytes, connection))
}

/// The message at the beginning of `bytes`, and where it ends; `None` while it is not complete.
fn message<T: DeserializeOwned>(bytes: &[u8]) -> io::Result<Option<(T, usize)>> {
    let Some((length, rest)) = bytes.split_first_chunk::<4>() else { return Ok(None) };
    let length = u32::from_be_bytes(*length) as usize;
    if length > LARGEST_FRAME {
        return Err(io::Error::new(ErrorKind::InvalidData, format!("a message of {length} bytes is too long")));
    }
    match rest.get(..length) {
        Some(json) => Ok(Some((serde_json::from_slice(json)?, 4 + length))),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;
    use crate::supervisor::frame;

    #[tokio::test(flavor = "current_thread")]
    async fn a_connection_arrives_with_its_answer_and_works() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let (response, connection) = open(&listener.local_addr().unwrap().to_string()).await;
        let (mut left, right) = UnixStream::pair().unwrap();
        let mut bytes = frame::encode(&"welcome").unwrap();
        bytes.extend(frame::encode(&response).unwrap());
        send(&mut left, &bytes, connection).await.unwrap();

        let (welcome, answer, connection) = receive::<String, Response>(&right).await.unwrap();
        assert_eq!(welcome, "welcome");
        assert!(matches!(answer, Response::Done));
        let mut connection = std::net::TcpStream::from(connection.unwrap());
        connection.set_nonblocking(false).unwrap();
        let (mut accepted, _) = listener.accept().unwrap();
        accepted.write_all(b"hello").unwrap();
        drop(accepted);
        let mut text = String::new();
        connection.read_to_string(&mut text).unwrap();
        assert_eq!(text, "hello");
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_port_on_which_nothing_listens_is_an_answer_without_a_connection() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (response, connection) = open(&free.to_string()).await;
        assert!(connection.is_none());
        assert!(matches!(response, Response::Error { code, .. } if code == REFUSED));
    }
}
