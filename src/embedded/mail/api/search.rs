//! `/api/v1/search`: find, delete what is found.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query as Parameters, State};
use serde::Deserialize;

use super::Refusal;
use super::messages::{Listing, Page, ids};
use crate::embedded::mail::mailbox::Mailbox;
use crate::embedded::mail::message::{Summary, search_text};
use crate::embedded::mail::query::Query;

#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    query: String,
}

pub(super) async fn search(
    State(mailbox): State<Arc<Mailbox>>,
    Parameters(wanted): Parameters<Wanted>,
    Parameters(page): Parameters<Page>,
) -> Result<Json<Listing>, Refusal> {
    let found = find(mailbox.clone(), &wanted.query).await?;
    Ok(Json(Listing::of(&mailbox, found, page)))
}

pub(super) async fn delete(
    State(mailbox): State<Arc<Mailbox>>,
    Parameters(wanted): Parameters<Wanted>,
) -> Result<&'static str, Refusal> {
    let found = ids(find(mailbox.clone(), &wanted.query).await?);
    tokio::task::spawn_blocking(move || mailbox.delete(&found)).await??;
    Ok("ok")
}

/// What matches, newest first. Bodies are read from the disk, so this runs where it may block.
pub(in super::super) async fn find(mailbox: Arc<Mailbox>, query: &str) -> Result<Vec<Summary>, Refusal> {
    let query = Query::parse(query)?;
    let found = tokio::task::spawn_blocking(move || {
        let all: Vec<Summary> = mailbox.newest_first(|all| all.cloned().collect());
        let matching = all.into_iter().filter(|summary| {
            query.matches(summary, || {
                let raw = mailbox.raw(&summary.id).ok().flatten();
                raw.map(|raw| search_text(&raw)).unwrap_or_default()
            })
        });
        matching.collect()
    });
    Ok(found.await?)
}
