//! Tickets: tasks with a project, under the words of a ticket.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use schemars::JsonSchema;
use serde::Deserialize;

use super::projects::{self, Word};
use super::queue::change_queue;
use super::route::{Body, Number, Query};
use super::tasks::{text, title};
use crate::report::{QueueProject, TaskStatus, Ticket, TicketState, Tickets};
use crate::serve::refusal::Refusal;
use crate::serve::site::Shared;
use crate::serve::store::queue;
use crate::serve::store::tasks::{Change, NewTask};

/// A ticket to be made.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct New {
    /// One line of 1 to 300 characters.
    title: String,
    /// What is wanted.
    #[serde(default)]
    text: String,
    /// The project, by number or name.
    project: Option<Word>,
    /// How far it is; `backlog` when left out, `awaiting_approval` where the project wants approval.
    state: Option<TicketState>,
}

/// What to change; what is left out stays.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Edit {
    /// One line of 1 to 300 characters.
    title: Option<String>,
    /// What is wanted.
    text: Option<String>,
    /// The project, by number or name.
    project: Option<Word>,
    /// How far it is; `in_progress` makes a job.
    state: Option<TicketState>,
}

/// Which tickets.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    /// Those in this state alone.
    state: Option<TicketState>,
    /// Those of this project alone, by number or name.
    project: Option<String>,
}

pub(super) async fn list(State(site): State<Shared>, Query(which): Query<Which>) -> Result<Json<Tickets>, Refusal> {
    let states: Vec<TicketState> = which.state.into_iter().collect();
    let mut found = in_states(&site, states).await?;
    if let Some(project) = projects::number(&site, which.project.map(Word::Name)).await? {
        found.tickets.retain(|ticket| ticket.project.as_ref().is_some_and(|it| it.id == project));
    }
    Ok(Json(found))
}

async fn in_states(site: &Shared, states: Vec<TicketState>) -> Result<Tickets, Refusal> {
    let tickets = site.store.read(move |sql| queue::tickets(sql, &states)).await?;
    Ok(Tickets { schema: "harness/tickets/1".to_owned(), tickets })
}

pub(super) async fn pending(State(site): State<Shared>) -> Result<Json<Tickets>, Refusal> {
    in_states(&site, vec![TicketState::AwaitingApproval]).await.map(Json)
}

pub(super) async fn completed(State(site): State<Shared>) -> Result<Json<Tickets>, Refusal> {
    in_states(&site, vec![TicketState::InReview, TicketState::Done]).await.map(Json)
}

pub(in crate::serve) async fn one(State(site): State<Shared>, Number(id): Number) -> Result<Json<Ticket>, Refusal> {
    Ok(Json(site.store.read(move |sql| queue::ticket(sql, id)).await?))
}

pub(super) async fn create(State(site): State<Shared>, Body(new): Body<New>) -> Result<impl IntoResponse, Refusal> {
    let project = project(&site, new.project).await?;
    let wants_approval = project.as_ref().is_some_and(|project| project.settings.approval);
    let first = if wants_approval { TaskStatus::AwaitingApproval } else { TaskStatus::Open };
    let new = NewTask {
        title: title(&new.title)?,
        text: text(new.text)?,
        status: new.state.map_or(first, Into::into),
        assignee: None,
        project: project.map(|project| project.id),
    };
    let made = change_queue(&site, move |sql| queue::create(sql, new)).await?;
    let ticket = site.store.read(move |sql| queue::ticket(sql, made.id)).await?;
    Ok((StatusCode::CREATED, [(header::LOCATION, format!("/api/tickets/{}", ticket.id))], Json(ticket)))
}

async fn project(site: &Shared, word: Option<Word>) -> Result<Option<QueueProject>, Refusal> {
    let Some(word) = word else { return Ok(None) };
    let found = site.store.read(move |sql| crate::serve::store::projects::one(sql, &word.to_string())).await?;
    Ok(Some(found))
}

pub(super) async fn change(
    State(site): State<Shared>,
    Number(id): Number,
    Body(edit): Body<Edit>,
) -> Result<Json<Ticket>, Refusal> {
    let change = Change {
        title: edit.title.as_deref().map(title).transpose()?,
        text: edit.text.map(text).transpose()?,
        status: edit.state.map(Into::into),
        project: projects::number(&site, edit.project).await?,
        ..Change::default()
    };
    change_queue(&site, move |sql| queue::change(sql, id, change)).await?;
    one(State(site), Number(id)).await
}

pub(in crate::serve) async fn approve(State(site): State<Shared>, Number(id): Number) -> Result<Json<Ticket>, Refusal> {
    Ok(Json(change_queue(&site, move |sql| queue::approve(sql, id)).await?))
}
