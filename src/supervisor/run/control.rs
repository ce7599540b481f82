//! The server's side of the control socket: a task a client, none of which can hold up the supervisor.

use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{oneshot, watch};
use tokio::time::{sleep, timeout};

use super::messages::{Message, Sender};
use crate::supervisor::error::ENDING;
use crate::supervisor::frame;
use crate::supervisor::passage;
use crate::supervisor::protocol::{Hello, Request, Response, UNKNOWN_REQUEST, VERSION, Welcome, protocol};
use crate::supervisor::socket::peer_uid;

/// How long a client may take to ask, and to take its answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What every client is served with.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) stack: String,
    /// Who may ask, beside root.
    pub(super) owner: u32,
    pub(super) sender: Sender,
    pub(super) generation: watch::Receiver<u64>,
    /// Counts the clients that are being served.
    pub(super) _open: Rc<()>,
    /// Counts the clients that hold an answer until they ask for the next one.
    pub(super) followed: Rc<()>,
}

/// Serves clients for ever.
pub(super) async fn serve(listener: OwnedFd, desk: Desk) -> io::Result<()> {
    let listener = std::os::unix::net::UnixListener::from(listener);
    listener.set_nonblocking(true)?;
    let listener = UnixListener::from_std(listener)?;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let desk = desk.clone();
                tokio::task::spawn_local(async move {
                    // a client that goes away or talks nonsense is its own problem
                    let _ = attend(stream, desk).await;
                });
            }
            // out of descriptors: some client will leave
            Err(_) => sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn attend(mut stream: UnixStream, desk: Desk) -> io::Result<()> {
    let uid = peer_uid(&stream)?;
    if uid != desk.owner && uid != 0 {
        return Ok(());
    }
    let (hello, asked) = timeout(PATIENCE, listen_to(&mut stream)).await??;
    let welcome = Welcome { protocol: protocol(), version: VERSION.to_owned(), stack: desk.stack.clone() };
    let mut terminal = None;
    let request = Request::deserialize(asked);
    let may_follow = matches!(request, Ok(Request::Changed { .. }));
    let response = match request {
        Ok(request @ Request::Replace { .. }) => answer(request, &desk).await,
        _ if hello.protocol != protocol() => {
            error("supervisor.version", format!("harness {VERSION} supervises this stack"))
        }
        Ok(Request::Terminal { name }) => match terminal_of(name, &desk).await {
            Ok(found) => {
                terminal = Some(found);
                Response::Done
            }
            Err(response) => response,
        },
        Ok(request) => answer(request, &desk).await,
        Err(problem) => error(UNKNOWN_REQUEST, problem.to_string()),
    };
    let (response, descriptor) = match response {
        Response::Address { address } => passage::open(&address).await,
        other => (other, terminal),
    };
    let mut bytes = frame::encode(&welcome)?;
    bytes.extend(frame::encode(&response)?);
    timeout(PATIENCE, passage::send(&mut stream, &bytes, descriptor)).await??;
    stream.shutdown().await?;
    // each connection counts once in either count: the end of a stack knows so how many wait for it
    let followed = desk.followed.clone();
    drop(desk);
    if may_follow {
        // one that follows the state closes this connection when it has asked for the next state
        let _ = timeout(PATIENCE, stream.read(&mut [0])).await;
    }
    drop(followed);
    Ok(())
}

async fn listen_to(stream: &mut UnixStream) -> io::Result<(Hello, serde_json::Value)> {
    Ok((frame::read(stream).await?, frame::read(stream).await?))
}

pub(super) fn error(code: &str, message: String) -> Response {
    Response::Error { code: code.to_owned(), message }
}

async fn terminal_of(name: String, desk: &Desk) -> Result<OwnedFd, Response> {
    let (sender, receiver) = oneshot::channel();
    let _ = desk.sender.send(Message::Terminal(name, sender));
    receiver.await.unwrap_or_else(|_| Err(error(ENDING, "it is ending".to_owned())))
}

async fn answer(request: Request, desk: &Desk) -> Response {
    let request = match request {
        Request::Changed { generation, timeout_ms } => {
            let mut seen = desk.generation.clone();
            let changed = seen.wait_for(|now| *now != generation);
            if let Ok(Err(_)) = timeout(Duration::from_millis(timeout_ms), changed).await {
                return error(ENDING, "that was its last state".to_owned());
            }
            Request::Snapshot
        }
        other => other,
    };
    let (sender, receiver) = oneshot::channel();
    let _ = desk.sender.send(Message::Request(request, sender));
    receiver.await.unwrap_or_else(|_| error(ENDING, "it is ending".to_owned()))
}
