//! Tasks.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use super::projects::{self, Word};
use super::queue::change_queue;
use super::route::{Body, Number};
use crate::project::AgentId;
use crate::report::{BoardTask, BoardTasks, TaskStatus};
use crate::serve::refusal::{Refusal, Wrong};
use crate::serve::site::Shared;
use crate::serve::store::queue;
use crate::serve::store::tasks::{self, Change, NewTask};

/// Characters of a title.
const TITLE: usize = 300;
/// A line that is not blank, for the schema.
const LINE: &str = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$";
/// Bytes of a text or a note.
const TEXT: usize = 100_000;

/// A task to be made.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct New {
    /// One line of 1 to 300 characters.
    #[schemars(extend("minLength" = 1, "maxLength" = TITLE, "pattern" = LINE))]
    pub(in crate::serve) title: String,
    /// More about it.
    #[serde(default)]
    pub(in crate::serve) text: String,
    /// How far it is; `open` when left out.
    pub(in crate::serve) status: Option<TaskStatus>,
    /// The agent that works on it, 1 to 99.
    #[schemars(extend("minimum" = 1, "maximum" = 99))]
    pub(in crate::serve) assignee: Option<u8>,
    /// The project that it is about, by number or name; such a task is a ticket.
    pub(in crate::serve) project: Option<Word>,
}

/// What to change; what is left out stays.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[allow(clippy::option_option)] // left out, `null` and a value are three things
pub(in crate::serve) struct Edit {
    /// One line of 1 to 300 characters.
    #[schemars(extend("minLength" = 1, "maxLength" = TITLE, "pattern" = LINE))]
    pub(in crate::serve) title: Option<String>,
    /// More about it.
    pub(in crate::serve) text: Option<String>,
    /// How far it is; it comes last there, unless `before` says where.
    pub(in crate::serve) status: Option<TaskStatus>,
    /// The agent that works on it, 1 to 99; `null`: nobody.
    #[serde(deserialize_with = "present")]
    #[schemars(with = "Option<u8>", extend("minimum" = 1, "maximum" = 99))]
    pub(in crate::serve) assignee: Option<Option<u8>>,
    /// The task of the same status that it comes before; `null`: it comes last.
    #[serde(deserialize_with = "present")]
    #[schemars(with = "Option<u64>")]
    pub(in crate::serve) before: Option<Option<u64>>,
    /// The project that it is about, by number or name; such a task is a ticket.
    pub(in crate::serve) project: Option<Word>,
}

/// A note to be added.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct Note {
    /// The text, which is not empty.
    #[schemars(extend("minLength" = 1, "pattern" = "\\S"))]
    pub(in crate::serve) text: String,
}

/// A value that may be `null`, told from one that is left out.
#[allow(clippy::option_option)] // left out, `null` and a value are three things
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

pub(in crate::serve) async fn list(State(site): State<Shared>) -> Result<Json<BoardTasks>, Refusal> {
    let tasks = site.store.read(tasks::all).await?;
    Ok(Json(BoardTasks { schema: "harness/tasks/1".to_owned(), tasks }))
}

pub(super) async fn one(State(site): State<Shared>, Number(id): Number) -> Result<Json<BoardTask>, Refusal> {
    Ok(Json(site.store.read(move |sql| tasks::one(sql, id)).await?))
}

pub(in crate::serve) async fn create(
    State(site): State<Shared>,
    Body(new): Body<New>,
) -> Result<impl IntoResponse, Refusal> {
    let new = NewTask {
        title: title(&new.title)?,
        text: text(new.text)?,
        status: new.status.unwrap_or(TaskStatus::Open),
        assignee: new.assignee.map(agent).transpose()?,
        project: projects::number(&site, new.project).await?,
    };
    let task = change_queue(&site, move |sql| queue::create(sql, new)).await?;
    Ok((StatusCode::CREATED, [(header::LOCATION, format!("/api/tasks/{}", task.id))], Json(task)))
}

pub(in crate::serve) async fn change(
    State(site): State<Shared>,
    Number(id): Number,
    Body(edit): Body<Edit>,
) -> Result<Json<BoardTask>, Refusal> {
    let change = Change {
        title: edit.title.as_deref().map(title).transpose()?,
        text: edit.text.map(text).transpose()?,
        status: edit.status,
        assignee: edit.assignee.map(|assignee| assignee.map(agent).transpose()).transpose()?,
        before: edit.before,
        project: projects::number(&site, edit.project).await?,
    };
    Ok(Json(change_queue(&site, move |sql| queue::change(sql, id, change)).await?))
}

pub(in crate::serve) async fn delete(State(site): State<Shared>, Number(id): Number) -> Result<StatusCode, Refusal> {
    site.store.change(move |sql| tasks::delete(sql, id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(in crate::serve) async fn note(
    State(site): State<Shared>,
    Number(id): Number,
    Body(note): Body<Note>,
) -> Result<impl IntoResponse, Refusal> {
    let text = text(note.text)?;
    if text.trim().is_empty() {
        return Err(Wrong::Input("a note needs a text".to_owned()).into());
    }
    let task = site.store.change(move |sql| tasks::add_note(sql, id, &text)).await?;
    Ok((StatusCode::CREATED, Json(task)))
}

pub(super) fn title(title: &str) -> Result<String, Wrong> {
    let title = title.trim();
    if (1..=TITLE).contains(&title.chars().count()) && !title.contains(char::is_control) {
        return Ok(title.to_owned());
    }
    Err(Wrong::Input(format!("a title is one line of 1 to {TITLE} characters")))
}

pub(super) fn text(text: String) -> Result<String, Wrong> {
    if text.len() <= TEXT { Ok(text) } else { Err(Wrong::Input(format!("a text has at most {TEXT} bytes"))) }
}

fn agent(id: u8) -> Result<AgentId, Wrong> {
    AgentId::try_from(id).map_err(|error| Wrong::Input(error.to_string()))
}
