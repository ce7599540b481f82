//! Which path is answered by what.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use super::mailbox::Mailbox;
use super::{api, page};

/// Everything that HTTP answers.
pub(super) fn router(mailbox: Arc<Mailbox>) -> Router {
    api::routes()
        .route("/", get(page::index))
        .route("/view/{name}", get(page::view))
        .route("/readyz", get(|| async { "ok" }))
        .route("/livez", get(|| async { "ok" }))
        .with_state(mailbox)
}
