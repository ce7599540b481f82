//! One request to the API of a source of tickets.

use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, USER_AGENT};
use hyper::{Method, Request, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::timeout;

use crate::system::text::{cut, plain};
use crate::system::{HttpsClient, https_client};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Bytes of an answer: a page of 100 issues with long texts.
const ANSWER: usize = 32 << 20;
/// The longest that a service is waited for when it asks for patience.
const LONGEST: Duration = Duration::from_hours(1);

/// Why a request came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Failed {
    /// It asks for patience.
    #[error("asks to wait {} s", .0.as_secs())]
    Wait(Duration),
    /// It refuses.
    #[error("answers {status}{said}")]
    Refused {
        /// The status.
        status: u16,
        /// What it says, after `: `.
        said: String,
    },
    /// There was no answer.
    #[error("{0}")]
    Unreachable(&'static str),
    /// The answer is not what it should be.
    #[error("gives an answer that cannot be read: {0}")]
    Answer(String),
    /// It is not the service that fails.
    #[error("{0}")]
    Here(&'static str),
}

impl Failed {
    /// Whether there is no such thing.
    pub(super) fn is_missing(&self) -> bool {
        matches!(self, Self::Refused { status: 404 | 410, .. })
    }
}

/// A failure, and what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trouble {
    service: &'static str,
    project: String,
    pub(super) failed: Failed,
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { service, project, failed } = self;
        match failed {
            Failed::Here(_) => write!(formatter, "project `{project}`: {failed}"),
            _ => write!(formatter, "project `{project}`: {service} {failed}"),
        }
    }
}

/// The API of a service.
pub(super) struct Api {
    service: &'static str,
    base: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    caller: HttpsClient,
}

impl Api {
    /// One below `base`, which has no `/` at its end. `headers` go with each request and may hold secrets.
    ///
    /// # Errors
    /// This machine trusts no authority.
    pub(super) fn new(
        service: &'static str,
        base: &str,
        headers: Vec<(HeaderName, HeaderValue)>,
    ) -> std::io::Result<Self> {
        Ok(Self { service, base: base.to_owned(), headers, caller: https_client()? })
    }

    /// A failure that is about a project.
    pub(super) fn trouble(&self, project: &str, failed: Failed) -> Trouble {
        Trouble { service: self.service, project: project.to_owned(), failed }
    }

    /// Sends a request; `path` begins with `/` and is encoded.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<T, Failed> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header(USER_AGENT, concat!("harness/", env!("CARGO_PKG_VERSION")));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let body = body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
        // an error does not repeat the request, which holds the token
        let request = request.body(Full::from(body)).map_err(|_| Failed::Unreachable("has a wrong address"))?;
        let answer = match timeout(PATIENCE, self.caller.request(request)).await {
            Err(_) => return Err(Failed::Unreachable("does not answer in time")),
            Ok(Err(_)) => return Err(Failed::Unreachable("cannot be reached")),
            Ok(Ok(answer)) => answer,
        };
        let (status, wait) = (answer.status(), wait(answer.headers()));
        let body = timeout(PATIENCE, Limited::new(answer.into_body(), ANSWER).collect()).await;
        let body = body.ok().and_then(Result::ok).ok_or(Failed::Unreachable("breaks its answer off"))?.to_bytes();
        if status.is_success() {
            let body: &[u8] = if body.is_empty() { b"null" } else { &body };
            return serde_json::from_slice(body).map_err(|error| Failed::Answer(error.to_string()));
        }
        if status.is_server_error() {
            return Err(Failed::Unreachable("is out of order"));
        }
        if let (StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS, Some(wait)) = (status, wait) {
            return Err(Failed::Wait(wait.min(LONGEST)));
        }
        if status == StatusCode::TOO_MANY_REQUESTS {
            return Err(Failed::Wait(Duration::from_mins(1)));
        }
        let said: Value = serde_json::from_slice(&body).unwrap_or_default();
        let said = said["message"].as_str().map(|said| format!(": {}", plain(cut(said, 200)))).unwrap_or_default();
        Err(Failed::Refused { status: status.as_u16(), said })
    }
}

/// How long it asks to wait.
fn wait(headers: &HeaderMap) -> Option<Duration> {
    let number = |value: Option<&hyper::header::HeaderValue>| value?.to_str().ok()?.trim().parse::<i64>().ok();
    if let Some(seconds) = number(headers.get(RETRY_AFTER)) {
        return Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0).max(1)));
    }
    if number(headers.get("x-ratelimit-remaining")) != Some(0) {
        return None;
    }
    let until = number(headers.get("x-ratelimit-reset"))?;
    let seconds = until.saturating_sub(jiff::Timestamp::now().as_second());
    Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0).max(1)))
}
