//! What processes printed: a page, or a stream that goes on.

use std::convert::Infallible;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::route::{Agent, Query};
use crate::agent::{self, LogRequest};
use crate::project::AgentId;
use crate::report::{LogPage, LoggedLine};
use crate::serve::refusal::{Refusal, Wrong};
use crate::serve::site::Shared;
use crate::serve::work::{look, look_on};

/// Lines that wait for a slow reader; then some are left out, and it is told how many.
const WAITING: usize = 2048;
/// Lines of a page.
const MOST: usize = 10_000;

/// Which lines.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[allow(clippy::struct_field_names)] // the names are those of the command line
pub(in crate::serve) struct Lines {
    /// Only this process, or these, with commas between.
    pub(in crate::serve) process: Option<String>,
    /// How many: 200 when left out, 10,000 at most.
    pub(in crate::serve) lines: Option<usize>,
    /// Only lines that match this regular expression; `(?i)` in front ignores case.
    pub(in crate::serve) grep: Option<String>,
    /// `1`: go on as lines are written.
    pub(in crate::serve) follow: Option<u8>,
}

pub(super) async fn answer(
    State(site): State<Shared>,
    Agent(id): Agent,
    Query(lines): Query<Lines>,
) -> Result<Response, Refusal> {
    let request = request(id, &lines)?;
    if request.follow {
        let permit = site.working.follower()?;
        return Ok(following(&site, id, request, permit));
    }
    Ok(Json(page(&site, id, request).await?).into_response())
}

/// What is asked for.
fn request(id: AgentId, lines: &Lines) -> Result<LogRequest, Refusal> {
    let grep = lines.grep.as_deref().filter(|pattern| !pattern.is_empty()).map(regex::bytes::Regex::new).transpose();
    let names = lines.process.as_deref().unwrap_or_default().split(',').filter(|name| !name.is_empty());
    Ok(LogRequest {
        stack: id.stack(),
        processes: names.map(ToOwned::to_owned).collect(),
        follow: lines.follow.is_some_and(|follow| follow != 0),
        lines: Some(lines.lines.unwrap_or(200).clamp(1, MOST)),
        since: None,
        grep: grep.map_err(|error| Refusal::of("logs", Wrong::Input(error.to_string())))?,
    })
}

async fn page(site: &Shared, id: AgentId, request: LogRequest) -> Result<LogPage, Refusal> {
    let lines = look(site, "logs", Some(id), async move |context| {
        let mut lines: Vec<LoggedLine> = Vec::new();
        agent::logs(&context, request, &mut |line| lines.push(line.into())).await?;
        Ok(lines)
    });
    Ok(LogPage { schema: "harness/logs/1".to_owned(), agent: id.get(), lines: lines.await?, next_offset: None })
}

/// The last lines, once.
pub(in crate::serve) async fn last(site: &Shared, id: AgentId, lines: &Lines) -> Result<LogPage, Refusal> {
    page(site, id, request(id, lines)?).await
}

fn following(site: &Shared, id: AgentId, request: LogRequest, permit: OwnedSemaphorePermit) -> Response {
    let (sender, receiver) = mpsc::channel::<Event>(WAITING);
    let (site, mut stop) = (site.clone(), site.stop.clone());
    tokio::spawn(async move {
        let _permit = permit;
        let gone = sender.clone();
        let follow = look_on(&site, "logs", Some(id), async move |context| {
            let mut lost = 0_u64;
            let mut print = |line: &crate::supervisor::logs::LogLine| {
                if lost > 0 && sender.try_send(Event::default().event("lost").data(lost.to_string())).is_ok() {
                    lost = 0;
                }
                let document = serde_json::to_string(&LoggedLine::from(line)).unwrap_or_default();
                if sender.try_send(Event::default().data(document)).is_err() {
                    lost += 1;
                }
            };
            agent::logs(&context, request, &mut print).await
        });
        let done = tokio::select! {
            done = follow => done,
            () = gone.closed() => return,
            () = stop.asked() => return,
        };
        // what is wrong with the request cannot be a status any more
        if let Err(refusal) = done {
            let _ = gone.send(Event::default().event("refused").data(refusal.document())).await;
        }
    });
    let events = stream::unfold(receiver, async |mut receiver| {
        let event = receiver.recv().await?;
        Some((Ok::<_, Infallible>(event), receiver))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))).into_response()
}
