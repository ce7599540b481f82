//! The events of the server that runs, for a command of the same home.

use http_body_util::BodyExt;
use hyper::Method;

use super::client::Server;
use crate::report::{Failure, StreamEvent};
use crate::system::Home;

/// Calls `each` with the events after number `since`; with `follow` also with those that come, until the server ends.
/// Without `since`: all that are kept, or with `follow` only those that come.
///
/// # Errors
/// No server of this home runs, or it stops to answer.
pub async fn follow_events(
    home: &Home,
    since: Option<u64>,
    follow: bool,
    mut each: impl FnMut(&StreamEvent),
) -> Result<(), Failure> {
    let server = Server::of(home)?;
    let since = since.or((!follow).then_some(0)).map(|number| format!("&since={number}")).unwrap_or_default();
    let answer = server.ask(Method::GET, &format!("/api/events?follow={follow}{since}")).await?;
    let mut body = answer.into_body();
    let mut rest = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| server.no_answer(format!("a part: {error}")))?;
        rest.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data));
        while let Some(end) = memchr::memchr(b'\n', &rest) {
            let line: Vec<u8> = rest.drain(..=end).collect();
            if let Some(document) = line.strip_prefix(b"data: ") {
                let event = serde_json::from_slice(document);
                each(&event.map_err(|error| server.no_answer(format!("no event: {error}")))?);
            }
        }
    }
    Ok(())
}
