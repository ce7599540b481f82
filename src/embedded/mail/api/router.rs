//! Which path is answered where.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use super::{info, message, messages, search};
use crate::embedded::mail::mailbox::Mailbox;
use crate::embedded::mail::page;

/// Everything that HTTP answers.
pub(in super::super) fn router(mailbox: Arc<Mailbox>) -> Router {
    Router::new()
        .route("/", get(page::index))
        .route("/view/{name}", get(page::view))
        .route("/readyz", get(|| async { "ok" }))
        .route("/livez", get(|| async { "ok" }))
        .route("/api/v1/info", get(info::info))
        .route("/api/v1/tags", get(info::tags))
        .route("/api/v1/messages", get(messages::list).put(messages::mark).delete(messages::delete))
        .route("/api/v1/search", get(search::search).delete(search::delete))
        .route("/api/v1/message/{id}", get(message::message))
        .route("/api/v1/message/{id}/headers", get(message::headers))
        .route("/api/v1/message/{id}/raw", get(message::raw))
        .route("/api/v1/message/{id}/part/{part}", get(message::part))
        .with_state(mailbox)
}
