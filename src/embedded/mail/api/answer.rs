//! Answers that are not the thing asked for.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::embedded::log;
use crate::embedded::mail::query::QueryError;

/// Why there is no better answer. mailpit's are plain text as well.
#[derive(Debug)]
pub(in super::super) enum Refusal {
    NotFound,
    BadRequest(String),
    /// The request is for a name that is not this server's.
    Host(String),
    Failed,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::NotFound => (StatusCode::NOT_FOUND, "404 page not found").into_response(),
            Self::Host(name) => {
                (StatusCode::FORBIDDEN, format!("Error: `{name}` is not a name of this server; use `localhost`"))
                    .into_response()
            }
            Self::BadRequest(why) => (StatusCode::BAD_REQUEST, format!("Error: {why}")).into_response(),
            Self::Failed => (StatusCode::INTERNAL_SERVER_ERROR, "the server's log says why").into_response(),
        }
    }
}

impl From<QueryError> for Refusal {
    fn from(error: QueryError) -> Self {
        Self::BadRequest(error.to_string())
    }
}

impl From<crate::embedded::Error> for Refusal {
    fn from(error: crate::embedded::Error) -> Self {
        log::error(&error);
        Self::Failed
    }
}

impl From<tokio::task::JoinError> for Refusal {
    fn from(error: tokio::task::JoinError) -> Self {
        log::error(&error);
        Self::Failed
    }
}
