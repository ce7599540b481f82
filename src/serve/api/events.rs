//! The events: as Server-Sent Events, and over a WebSocket.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream, StreamExt};
use schemars::JsonSchema;
use serde::Deserialize;

use super::route::Query;
use crate::serve::refusal::{Refusal, Wrong};
use crate::serve::site::Shared;
use crate::serve::store::Reader;
use crate::system::Stop;

/// A sign of life to a reader to whom nothing happens.
const QUIET: Duration = Duration::from_secs(15);
/// Bytes of what a reader says.
const SAID: usize = 4 << 10;
/// How long a reader may take to take one message.
const SLOW: Duration = Duration::from_mins(1);

/// Where to begin.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Since {
    /// The number of the last event that is known: those after it come first. Without it, only what happens from now on.
    since: Option<u64>,
    /// `false`: the answer ends with the last event that there is.
    #[serde(default)]
    follow: Option<bool>,
}

pub(super) async fn sse(State(site): State<Shared>, Query(since): Query<Since>, headers: HeaderMap) -> Response {
    let known = headers.get("last-event-id").and_then(|value| value.to_str().ok()?.parse().ok());
    let reader = Reader::new(&site.store, known.or(since.since));
    let until = if since.follow == Some(false) { site.store.latest() } else { u64::MAX };
    let events = batches(reader, until, site.stop.clone())
        .flat_map(stream::iter)
        .map(|(number, document)| Ok::<_, Infallible>(Event::default().id(number.to_string()).data(&*document)));
    Sse::new(events).keep_alive(KeepAlive::new().interval(QUIET)).into_response()
}

/// What a reader reads, until event `until` or the end of the server.
fn batches(reader: Reader, until: u64, stop: Stop) -> impl Stream<Item = Vec<(u64, Arc<str>)>> {
    stream::unfold((reader, until, stop), async |(mut reader, until, mut stop)| {
        if reader.place() >= until {
            return None;
        }
        let batch = tokio::select! {
            batch = reader.next() => batch.ok()?,
            () = stop.asked() => return None,
        };
        Some((batch, (reader, until, stop)))
    })
}

pub(super) async fn websocket(
    State(site): State<Shared>,
    Query(since): Query<Since>,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Result<Response, Refusal> {
    let upgrade = upgrade.map_err(|error| Wrong::Input(error.body_text()))?;
    let permit = site.working.listener()?;
    let reader = Reader::new(&site.store, since.since);
    // what a listener says is short, and there may be many of them
    let upgrade = upgrade.max_message_size(SAID).read_buffer_size(SAID);
    Ok(upgrade.on_upgrade(async move |socket| {
        talk(socket, reader, site.stop.clone()).await;
        drop(permit);
    }))
}

async fn talk(mut socket: WebSocket, reader: Reader, stop: Stop) {
    let mut batches = std::pin::pin!(batches(reader, u64::MAX, stop));
    let mut quiet = tokio::time::interval(QUIET);
    loop {
        let messages: Vec<Message> = tokio::select! {
            batch = batches.next() => {
                let Some(batch) = batch else {
                    let frame = CloseFrame { code: close_code::AWAY, reason: "the server ends".into() };
                    let _ = socket.send(Message::Close(Some(frame))).await;
                    return;
                };
                batch.into_iter().map(|(_, document)| Message::text(&*document)).collect()
            }
            _ = quiet.tick() => vec![Message::Ping(axum::body::Bytes::new())],
            said = socket.recv() => match said {
                // what a reader says is not for us
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => continue,
            },
        };
        for message in messages {
            match tokio::time::timeout(SLOW, socket.send(message)).await {
                Ok(Ok(())) => {}
                _ => return,
            }
        }
    }
}
