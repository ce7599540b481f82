//! Which path is answered by what.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::mailbox::Mailbox;
use super::{api, page};
use crate::embedded::host;

/// Everything that HTTP answers.
pub(super) fn router(mailbox: Arc<Mailbox>) -> Router {
    api::routes()
        .route("/", get(page::index))
        .route("/view/{name}", get(page::view))
        .route("/readyz", get(|| async { "ok" }))
        .route("/livez", get(|| async { "ok" }))
        .layer(middleware::from_fn(only_own_host))
        .with_state(mailbox)
}

/// Refuses requests that a page of another site could have made by rebinding its name to this machine.
async fn only_own_host(request: Request, next: Next) -> Response {
    match host::foreign(&request) {
        Some(name) => api::Refusal::Host(name).into_response(),
        None => next.run(request).await,
    }
}
