//! One request, one connection; the first request goes over the one that found the supervisor.
//!
//! The socket outlives a supervisor that dies (its guardian holds it too), so a request that is cut off
//! is asked again of the successor. Every request may be asked twice.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as Connected;
use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, pidfd_open};
use serde::Deserialize;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;

use super::protocol::{Hello, Request, Response, VERSION, Welcome, protocol};
use super::readiness::readable;
use super::{Error, Result, frame, passage, socket, trio};
use crate::system::{Deadline, ProcessIdentity};

/// After so long without an answer, a command looks whether the supervisor is frozen.
const NOTICE: Duration = Duration::from_millis(1500);

/// And then after so long again: some questions are answered late by intention.
const AGAIN: Duration = Duration::from_secs(8);

/// How an answer is waited for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// How long.
    pub(crate) limit: Duration,
    /// Whether a supervisor that was stopped is mended meanwhile.
    pub(crate) mends: bool,
}

/// Asks a supervisor of our own protocol.
pub(crate) async fn ask(
    directory: &Path,
    first: Option<Connected>,
    request: &Request,
    patience: Patience,
) -> Result<Response> {
    let Answer { welcome, response, .. } = persevere(directory, first, request, patience).await?;
    of_our_protocol(welcome, response)
}

/// The same; also returns the connection, for who follows the state.
pub(crate) async fn ask_and_hold(
    directory: &Path,
    first: Option<Connected>,
    request: &Request,
    patience: Patience,
) -> Result<(Response, UnixStream)> {
    let Answer { welcome, response, connection, .. } = persevere(directory, first, request, patience).await?;
    Ok((of_our_protocol(welcome, response)?, connection))
}

/// What a supervisor answered and sent along.
struct Answer {
    welcome: Welcome,
    response: Response,
    descriptor: Option<OwnedFd>,
    connection: UnixStream,
}

fn of_our_protocol(welcome: Welcome, response: Response) -> Result<Response> {
    if welcome.protocol == protocol() {
        return Ok(response);
    }
    Err(Error::Version {
        stack: welcome.stack,
        theirs: welcome.version,
        their_protocol: welcome.protocol,
        ours: VERSION.to_owned(),
        our_protocol: protocol(),
    })
}

/// Asks what every protocol understands.
pub(crate) async fn ask_any_version(
    directory: &Path,
    first: Option<Connected>,
    request: &Request,
    patience: Patience,
) -> Result<Response> {
    persevere(directory, first, request, patience).await.map(|answer| answer.response)
}

/// Asks a supervisor of our own protocol for a connection or a terminal: its answer, and what came along.
pub(crate) async fn ask_for_descriptor(
    directory: &Path,
    first: Option<Connected>,
    request: &Request,
    patience: Patience,
) -> Result<(Response, Option<OwnedFd>)> {
    let Answer { welcome, response, descriptor, .. } = persevere(directory, first, request, patience).await?;
    Ok((of_our_protocol(welcome, response)?, descriptor))
}

/// Waits until that very process is gone.
pub(crate) async fn gone(identity: &ProcessIdentity) {
    let descriptor = Pid::from_raw(identity.pid.cast_signed())
        .and_then(|pid| pidfd_open(pid, PidfdFlags::NONBLOCK).ok())
        .filter(|_| identity.is_alive())
        .and_then(|descriptor| readable(descriptor).ok());
    if let Some(descriptor) = descriptor {
        let _ = descriptor.readable().await;
    }
}

async fn persevere(
    directory: &Path,
    mut first: Option<Connected>,
    request: &Request,
    patience: Patience,
) -> Result<Answer> {
    let deadline = Deadline::after("an answer of the supervisor", patience.limit);
    loop {
        let stream = match first.take() {
            Some(stream) => Some(stream),
            None => socket::connect_to(directory)?,
        };
        let Some(stream) = stream else {
            return Err(Error::NotRunning { directory: directory.to_owned() });
        };
        let talk = |action| move |source| Error::Talk { action, directory: directory.to_owned(), source };
        let stream = stream.set_nonblocking(true).and_then(|()| UnixStream::from_std(stream));
        let mut answers = pin!(exchange(stream.map_err(talk("ask"))?, request));
        let mut pause = NOTICE;
        let answer = loop {
            match deadline.shorter(pause).run(&mut answers).await {
                Ok(answer) => break answer,
                Err(_) if deadline.passed() => return Err(Error::no_answer(directory)),
                Err(_) if patience.mends => trio::mend(directory),
                Err(_) => {}
            }
            pause = AGAIN;
        };
        match answer {
            Ok(answers) => return Ok(answers),
            Err(error) if is_broken(&error) && !deadline.passed() => deadline.pause(Duration::from_millis(5)).await,
            Err(error) => return Err(talk("understand")(error)),
        }
    }
}

async fn exchange(mut stream: UnixStream, request: &Request) -> io::Result<Answer> {
    let mut bytes = frame::encode(&Hello { protocol: protocol(), version: VERSION.to_owned() })?;
    bytes.extend(frame::encode(request)?);
    stream.write_all(&bytes).await?;
    let (welcome, answer, descriptor) = passage::receive::<Welcome, serde_json::Value>(&stream).await?;
    let response = match Response::deserialize(answer) {
        // another protocol's answer need not be readable
        Err(_) if welcome.protocol != protocol() => Response::Done,
        other => other?,
    };
    Ok(Answer { welcome, response, descriptor, connection: stream })
}

fn is_broken(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), UnexpectedEof | ConnectionReset | BrokenPipe)
}
