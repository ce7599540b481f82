//! `/api/v1/search`: find, delete what is found.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query as Parameters, State};
use serde::Deserialize;

use super::Refusal;
use super::find::find;
use super::listing::{Listing, Page, ids};
use crate::embedded::mail::mailbox::Mailbox;

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
