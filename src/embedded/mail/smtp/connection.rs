//! The shell around [`Conversation`]: sockets and time limits.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::clients::{Client, Clients};
use super::conversation::{Action, Conversation};
use crate::embedded::log;
use crate::embedded::mail::mailbox::Mailbox;
use crate::system::{Stop, http_accept as accept};

/// With more clients than these, the one that was silent longest is closed.
const MOST_CLIENTS: usize = 256;
/// But not one that sent something so short a time ago.
const BUSY: Duration = Duration::from_secs(1);
/// A client that only sends a byte now and then is closed after this long.
const LONGEST_CONVERSATION: Duration = Duration::from_hours(1);
/// How long conversations have to end with the server.
const LAST_REPLIES: Duration = Duration::from_secs(2);
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
    let clients = Clients::new(MOST_CLIENTS, BUSY);
    let mut listening = JoinSet::new();
    for listener in listeners {
        let (clients, mailbox, mut stop) = (clients.clone(), mailbox.clone(), stop.clone());
        listening.spawn(async move {
            let mut conversations = JoinSet::new();
            loop {
                let enter = async {
                    let stream = accept(&listener).await;
                    (clients.enter().await, stream)
                };
                tokio::select! {
                    () = stop.asked() => break,
                    (client, stream) = enter => {
                        let conversation = converse(stream, client, mailbox.clone(), limits, stop.clone());
                        conversations.spawn(async move {
                            let _ = timeout(LONGEST_CONVERSATION, conversation).await;
                        });
                    }
                    Some(_) = conversations.join_next() => {}
                }
            }
            // a message that is being received is kept; a silent client gets its last reply
            let _ = timeout(LAST_REPLIES, conversations.join_all()).await;
        });
    }
    stop.asked().await;
    listening.join_all().await;
}

/// Talks to one client. An error of the socket only ends the conversation.
async fn converse(
    mut stream: TcpStream,
    client: Client,
    mailbox: Arc<Mailbox>,
    limits: Limits,
    mut stop: Stop,
) -> std::io::Result<()> {
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
            () = client.must_leave() => {
                replies.extend_from_slice(b"421 4.3.2 Too many clients: the one silent longest is closed\r\n");
                let _ = stream.try_write(&replies);
                return Ok(());
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
        client.heard();
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
