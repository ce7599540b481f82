//! `/api/v1/messages`: list, mark, delete.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query as Parameters, State};
use serde::{Deserialize, Serialize};

use super::Refusal;
use super::search::find;
use crate::embedded::mail::mailbox::Mailbox;
use crate::embedded::mail::message::Summary;

/// Which part of a list.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Page {
    #[serde(default)]
    pub(super) start: usize,
    #[serde(default = "fifty")]
    pub(super) limit: usize,
}

fn fifty() -> usize {
    50
}

/// A part of a list.
#[derive(Debug, Serialize)]
pub(super) struct Listing {
    /// Messages in the mailbox.
    total: usize,
    /// Unread messages in the mailbox.
    unread: usize,
    /// Messages in this part.
    count: usize,
    /// Messages that match.
    messages_count: usize,
    /// Unread messages that match.
    messages_unread: usize,
    start: usize,
    tags: Vec<String>,
    messages: Vec<Summary>,
}

impl Listing {
    /// A part of `found`, which is what matches, newest first.
    pub(super) fn of(mailbox: &Mailbox, found: Vec<Summary>, page: Page) -> Self {
        let (total, unread) = mailbox.totals();
        let messages_unread = found.iter().filter(|summary| !summary.read).count();
        let messages_count = found.len();
        let messages: Vec<Summary> = found.into_iter().skip(page.start).take(page.limit).collect();
        Self {
            total,
            unread,
            count: messages.len(),
            messages_count,
            messages_unread,
            start: page.start,
            tags: mailbox.tags().into_keys().collect(),
            messages,
        }
    }
}

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

/// The ids of summaries.
pub(super) fn ids(summaries: Vec<Summary>) -> Vec<String> {
    summaries.into_iter().map(|summary| summary.id).collect()
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
