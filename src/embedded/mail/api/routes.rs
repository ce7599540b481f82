//! Which path of the API is answered by what.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use super::{info, message, messages, search};
use crate::embedded::mail::mailbox::Mailbox;

/// Every path below `/api/v1`.
pub(in super::super) fn routes() -> Router<Arc<Mailbox>> {
    Router::new()
        .route("/api/v1/info", get(info::info))
        .route("/api/v1/tags", get(info::tags))
        .route("/api/v1/messages", get(messages::list).put(messages::mark).delete(messages::delete))
        .route("/api/v1/search", get(search::search).delete(search::delete))
        .route("/api/v1/message/{id}", get(message::message))
        .route("/api/v1/message/{id}/headers", get(message::headers))
        .route("/api/v1/message/{id}/raw", get(message::raw))
        .route("/api/v1/message/{id}/part/{part}", get(message::part))
}
