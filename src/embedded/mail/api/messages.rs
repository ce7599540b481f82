//! `/api/v1/messages`: list, mark, delete.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query as Parameters, State};
use serde::Deserialize;

use super::Refusal;
use super::find::find;
use super::listing::{Listing, Page, ids};
use crate::embedded::mail::mailbox::Mailbox;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Selection {
    #[serde(rename = "Read")]
    read: bool,
    #[serde(rename = "IDs")]
    ids: Vec<String>,
    #[serde(rename = "Search")]
    search: String,
}

pub(super) async fn list(State(mailbox): State<Arc<Mailbox>>, Parameters(page): Parameters<Page>) -> Json<Listing> {
    let all = mailbox.newest_first(|all| all.cloned().collect());
    Json(Listing::of(&mailbox, all, page))
}

/// Marks messages as read or not: by ids, by search, else all.
pub(super) async fn mark(State(mailbox): State<Arc<Mailbox>>, body: Bytes) -> Result<&'static str, Refusal> {
    let selection = read(&body)?;
    let ids = match (selection.ids.is_empty(), selection.search.is_empty()) {
        (false, false) => return Err(Refusal::BadRequest("either IDs or a search query, not both".into())),
        (false, true) => selection.ids,
        (true, false) => ids(find(mailbox.clone(), &selection.search).await?),
        (true, true) => all(&mailbox),
    };
    tokio::task::spawn_blocking(move || mailbox.set_read(&ids, selection.read)).await??;
    Ok("ok")
}

/// Deletes messages: by ids, else all.
pub(super) async fn delete(State(mailbox): State<Arc<Mailbox>>, body: Bytes) -> Result<&'static str, Refusal> {
    let selection = read(&body)?;
    let ids = if selection.ids.is_empty() { all(&mailbox) } else { selection.ids };
    tokio::task::spawn_blocking(move || mailbox.delete(&ids)).await??;
    Ok("ok")
}

fn all(mailbox: &Mailbox) -> Vec<String> {
    mailbox.newest_first(|all| all.map(|summary| summary.id.clone()).collect())
}

fn read(body: &[u8]) -> Result<Selection, Refusal> {
    if body.trim_ascii().is_empty() {
        return Ok(Selection::default());
    }
    serde_json::from_slice(body).map_err(|error| Refusal::BadRequest(error.to_string()))
}
