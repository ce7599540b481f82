//! Sessions: listed, started, ended, and joined from a page.

use std::path::PathBuf;
use std::time::Duration;

use axum::Json;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use schemars::JsonSchema;
use serde::Deserialize;

use super::route::{Agent, Body, Query};
use crate::agent::{self, SessionRequest};
use crate::project::AgentId;
use crate::report::{AllSessions, Sessions};
use crate::serve::refusal::{Refusal, Wrong};
use crate::serve::site::Shared;
use crate::serve::terminal::{Said, Viewer};
use crate::serve::work::look;

/// Bytes of one message of a page: what is pasted at once.
const MESSAGE: usize = 256 << 10;
/// A sign of life to a page to which nothing happens.
const QUIET: Duration = Duration::from_secs(15);
/// How long a page may take to take one message.
const SLOW: Duration = Duration::from_mins(1);

/// The id, which is checked beside, and the name of a session.
type Names = Path<(String, String)>;

/// What to start.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct New {
    /// The agent.
    #[schemars(extend("minimum" = 1, "maximum" = 99))]
    pub(in crate::serve) agent: u8,
    /// Program and arguments.
    #[schemars(extend("minItems" = 1))]
    pub(in crate::serve) command: Vec<String>,
    /// Its name; that of the program when left out.
    pub(in crate::serve) name: Option<String>,
    /// Where, relative to the agent's tree; the tree when left out.
    pub(in crate::serve) directory: Option<PathBuf>,
}

/// How to join.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Joining {
    /// `1`: look on, without typing and without a say in the size.
    read_only: Option<u8>,
}

/// The sessions of one agent.
pub(in crate::serve) async fn of(site: &Shared, id: AgentId) -> Result<Sessions, Refusal> {
    look(site, "session", Some(id), async move |context| agent::sessions(&context, id).await).await
}

pub(super) async fn list(State(site): State<Shared>) -> Result<Json<AllSessions>, Refusal> {
    let agents = look(&site, "sessions", None, async |context| {
        let mut agents = Vec::new();
        for id in context.home.agents()?.into_iter().filter_map(|id| AgentId::try_from(id).ok()) {
            // one whose supervisor does not answer hides no other's
            agents.extend(agent::sessions(&context, id).await.ok().filter(|it| !it.sessions.is_empty()));
        }
        Ok(agents)
    });
    Ok(Json(AllSessions { schema: "harness/sessions/1".to_owned(), agents: agents.await? }))
}

pub(in crate::serve) async fn start(
    State(site): State<Shared>,
    Body(new): Body<New>,
) -> Result<(StatusCode, Json<Sessions>), Refusal> {
    let id = AgentId::try_from(new.agent).map_err(|error| Wrong::Input(error.to_string()))?;
    if new.command.first().is_none_or(String::is_empty) {
        return Err(Wrong::Input("`command` names no program".to_owned()).into());
    }
    let request =
        SessionRequest { name: new.name, directory: new.directory, command: new.command, ..SessionRequest::default() };
    let started =
        look(&site, "session", Some(id), async move |context| agent::start_session(&context, id, &request).await);
    Ok((StatusCode::CREATED, Json(started.await?)))
}

pub(in crate::serve) async fn end(
    State(site): State<Shared>,
    Agent(id): Agent,
    Path((_, name)): Names,
) -> Result<Json<Sessions>, Refusal> {
    let left =
        look(&site, "session", Some(id), async move |context| agent::end_session(&context, id, &name, false).await);
    Ok(Json(left.await?))
}

pub(super) async fn join(
    State(site): State<Shared>,
    Agent(id): Agent,
    Path((_, name)): Names,
    Query(joining): Query<Joining>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Refusal> {
    let upgrade = upgrade.map_err(|error| Wrong::Input(error.body_text()))?;
    let permit = site.working.viewer()?;
    let read_only = joining.read_only.is_some_and(|it| it != 0);
    let viewer = Viewer::join(&site, permit, id, name, read_only).await;
    let viewer = viewer.map_err(|failure| Refusal::of("session", failure))?;
    Ok(upgrade.max_message_size(MESSAGE).on_upgrade(move |socket| talk(socket, viewer)))
}

async fn talk(mut socket: WebSocket, mut viewer: Viewer) {
    let mut quiet = tokio::time::interval(QUIET);
    loop {
        let message = tokio::select! {
            told = viewer.told.recv() => match told {
                Some(told) => Message::text(told),
                None => return close(&mut socket, close_code::NORMAL, "there is nothing more to see").await,
            },
            _ = quiet.tick() => Message::Ping(axum::body::Bytes::new()),
            said = socket.recv() => match said {
                Some(Ok(Message::Text(text))) => match serde_json::from_str::<Said>(&text) {
                    Ok(said) => {
                        // where nobody hears it any more, the last words still wait
                        let _ = viewer.said.send(said).await;
                        continue;
                    }
                    Err(_) => return close(&mut socket, close_code::INVALID, "a message that means nothing").await,
                },
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                _ => return,
            },
        };
        if !matches!(tokio::time::timeout(SLOW, socket.send(message)).await, Ok(Ok(()))) {
            return;
        }
    }
}

async fn close(socket: &mut WebSocket, code: u16, reason: &'static str) {
    let frame = CloseFrame { code, reason: reason.into() };
    let _ = tokio::time::timeout(SLOW, socket.send(Message::Close(Some(frame)))).await;
}
