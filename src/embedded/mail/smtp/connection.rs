//! The shell around [`Conversation`]: sockets and time limits.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::conversation::{Action, Conversation};
use crate::embedded::http::accept;
use crate::embedded::log;
use crate::embedded::mail::mailbox::Mailbox;
use crate::embedded::stop::Stop;

/// More clients than these wait to be let in.
const MOST_CLIENTS: usize = 256;
/// A client that sends a byte now and then is let go after this long.
const LONGEST_TALK: Duration = Duration::from_hours(1);
/// How long a client may take to read a reply.
const REPLY: Duration = Duration::from_secs(30);

/// What a client may use up.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Limits {
    /// Bytes of one message.
    pub(in super::super) size: usize,
    /// Silence.
    pub(in super::super) idle: Duration,
}

/// Takes mail until `stop`.
pub(in super::super) async fn serve(
    listeners: Vec<TcpListener>,
    mailbox: Arc<Mailbox>,
    limits: Limits,
    mut stop: Stop,
) {
    let seats = Arc::new(Semaphore::new(MOST_CLIENTS));
    let mut doors = JoinSet::new();
    for listener in listeners {
        let (seats, mailbox, mut stop) = (seats.clone(), mailbox.clone(), stop.clone());
        doors.spawn(async move {
            let mut guests = JoinSet::new();
            loop {
                let enter = async {
                    let seat = seats.clone().acquire_owned().await;
                    (seat, accept(&listener).await)
                };
                tokio::select! {
                    () = stop.asked() => break,
                    (seat, stream) = enter => {
                        let talk = converse(stream, mailbox.clone(), limits, stop.clone());
                        guests.spawn(async move {
                            let _seat = seat;
                            let _ = timeout(LONGEST_TALK, talk).await;
                        });
                    }
                    Some(_) = guests.join_next() => {}
                }
            }
            // a message that is being kept is kept; a client that says nothing is told and let go
            let _ = timeout(Duration::from_secs(2), guests.join_all()).await;
        });
    }
    stop.asked().await;
    doors.join_all().await;
}

/// Talks to one client. An error of the socket ends the talk and needs no words.
async fn converse(mut stream: TcpStream, mailbox: Arc<Mailbox>, limits: Limits, mut stop: Stop) -> std::io::Result<()> {
    let mut replies = Vec::new();
    let mut conversation = Conversation::new(limits.size, &mut replies);
    let mut buffer = vec![0; 16 * 1024];
    loop {
        send(&mut stream, &mut replies).await?;
        let read = tokio::select! {
            read = timeout(limits.idle, stream.read(&mut buffer)) => read,
            () = stop.asked() => {
                replies.extend_from_slice(b"421 4.3.2 The server ends\r\n");
                return send(&mut stream, &mut replies).await;
            }
        };
        let Ok(read) = read else {
            replies.extend_from_slice(b"421 4.4.2 Timed out\r\n");
            return send(&mut stream, &mut replies).await;
        };
        let read = read?;
        if read == 0 {
            return Ok(());
        }
        let mut bytes = buffer[..read].iter();
        while let Some(action) = conversation.advance(&mut bytes, &mut replies) {
            match action {
                Action::Keep(envelope) => {
                    let mailbox = mailbox.clone();
                    let kept = tokio::task::spawn_blocking(move || mailbox.add(&envelope)).await;
                    let id = match kept {
                        Ok(Ok(id)) => Some(id),
                        Ok(Err(error)) => failed(&error),
                        Err(error) => failed(&error),
                    };
                    Conversation::kept(id.as_deref(), &mut replies);
                }
                Action::Close => return send(&mut stream, &mut replies).await,
            }
        }
    }
}

/// The log gets the reason, the client gets none.
fn failed(error: &dyn std::error::Error) -> Option<String> {
    log::error(error);
    None
}

async fn send(stream: &mut TcpStream, replies: &mut Vec<u8>) -> std::io::Result<()> {
    timeout(REPLY, stream.write_all(replies)).await??;
    replies.clear();
    Ok(())
}
