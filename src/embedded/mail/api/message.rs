//! `/api/v1/message/{id}`: one message, its headers, its source, its parts. `latest` is an id too.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query as Parameters, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::response::IntoResponse;
use serde::Deserialize;

use super::Refusal;
use super::find::find;
use crate::embedded::mail::mailbox::Mailbox;
use crate::embedded::mail::message::{self, Full, Summary};

/// With `latest`: among which messages.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct Among {
    query: String,
}

/// The message, which is then read.
pub(super) async fn message(
    State(mailbox): State<Arc<Mailbox>>,
    Path(id): Path<String>,
    Parameters(among): Parameters<Among>,
) -> Result<Json<Full>, Refusal> {
    let (summary, raw) = look_up(&mailbox, &id, &among).await?;
    mailbox.set_read(std::slice::from_ref(&summary.id), true)?;
    Ok(Json(Full::of(&summary, &raw)))
}

pub(super) async fn headers(
    State(mailbox): State<Arc<Mailbox>>,
    Path(id): Path<String>,
    Parameters(among): Parameters<Among>,
) -> Result<Json<BTreeMap<String, Vec<String>>>, Refusal> {
    let (_, raw) = look_up(&mailbox, &id, &among).await?;
    Ok(Json(message::headers(&raw)))
}

pub(super) async fn raw(
    State(mailbox): State<Arc<Mailbox>>,
    Path(id): Path<String>,
    Parameters(among): Parameters<Among>,
) -> Result<impl IntoResponse, Refusal> {
    let (_, raw) = look_up(&mailbox, &id, &among).await?;
    Ok(([(CONTENT_TYPE, "text/plain; charset=utf-8"), (X_CONTENT_TYPE_OPTIONS, "nosniff")], raw))
}

pub(super) async fn part(
    State(mailbox): State<Arc<Mailbox>>,
    Path((id, part)): Path<(String, String)>,
    Parameters(among): Parameters<Among>,
) -> Result<impl IntoResponse, Refusal> {
    let (_, raw) = look_up(&mailbox, &id, &among).await?;
    let part = message::part(&raw, &part).ok_or(Refusal::NotFound)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_. ".contains(c);
    let name: String = part.file_name.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    // a page in a message must not run as a page of this server
    let active =
        ["text/html", "image/svg+xml"].contains(&part.content_type.as_str()) || part.content_type.ends_with("xml");
    let (kind, disposition) =
        if active { ("application/octet-stream", "attachment") } else { (&*part.content_type, "inline") };
    let headers = [
        (CONTENT_TYPE, kind.to_owned()),
        (CONTENT_DISPOSITION, format!("{disposition}; filename=\"{name}\"")),
        (CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'".to_owned()),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    Ok((headers, part.content))
}

/// A message by id, or the latest of those that a query finds.
pub(in super::super) async fn look_up(
    mailbox: &Arc<Mailbox>,
    id: &str,
    among: &Among,
) -> Result<(Summary, Vec<u8>), Refusal> {
    let summary = match (id, among.query.trim()) {
        ("latest", "") => mailbox.newest_first(|all| all.next().cloned()),
        ("latest", query) => find(mailbox.clone(), query).await?.into_iter().next(),
        (id, _) => mailbox.summary(id),
    };
    let summary = summary.ok_or(Refusal::NotFound)?;
    let (id, reader) = (summary.id.clone(), mailbox.clone());
    let raw = tokio::task::spawn_blocking(move || reader.raw(&id)).await??;
    Ok((summary, raw.ok_or(Refusal::NotFound)?))
}
