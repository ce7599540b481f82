//! One call of an HTTP API that speaks JSON.

use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, USER_AGENT};
use hyper::{Method, Request};
use serde_json::Value;

use crate::system::{HttpsClient, Secret, https_client, with_causes};

/// Bytes of an answer that are read.
const ANSWER: usize = 16 << 20;

/// What was answered.
pub(super) struct Answered {
    pub(super) status: u16,
    /// `null` where it is no JSON.
    pub(super) body: Value,
}

/// A client that belongs to one runtime.
#[derive(Clone)]
pub(super) struct Caller {
    client: HttpsClient,
    headers: &'static [(HeaderName, &'static str)],
}

impl Caller {
    /// One that sends these headers.
    ///
    /// # Errors
    /// The machine's authorities cannot be read.
    pub(super) fn new(headers: &'static [(HeaderName, &'static str)]) -> crate::system::Result<Self> {
        let client = https_client().map_err(crate::system::Error::call("read the authorities of this machine"))?;
        Ok(Self { client, headers })
    }

    /// Asks; shows a key.
    ///
    /// # Errors
    /// No answer within `limit`, in words.
    pub(super) async fn ask(
        &self,
        key: &Secret,
        method: Method,
        url: &str,
        body: Option<&Value>,
        limit: Duration,
    ) -> Result<Answered, String> {
        let mut request = Request::builder()
            .method(method)
            .uri(url)
            .header(AUTHORIZATION, format!("Bearer {}", key.expose()))
            .header(USER_AGENT, concat!("harness/", env!("CARGO_PKG_VERSION")));
        if !self.headers.iter().any(|(name, _)| *name == ACCEPT) {
            request = request.header(ACCEPT, "application/json");
        }
        for (name, value) in self.headers {
            request = request.header(name, *value);
        }
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let body = body.map_or_else(Bytes::new, |body| body.to_string().into());
        // the error may repeat the key
        let request = request.body(Full::new(body)).map_err(|_| "the request cannot be written".to_owned())?;
        let asked = async {
            let answer = self.client.request(request).await.map_err(|error| with_causes(&error))?;
            let status = answer.status().as_u16();
            let body = Limited::new(answer.into_body(), ANSWER).collect().await.map_err(|error| error.to_string())?;
            let body = serde_json::from_slice(&body.to_bytes()).unwrap_or_default();
            Ok(Answered { status, body })
        };
        let answered = tokio::time::timeout(limit, asked).await;
        answered.unwrap_or_else(|_| Err(format!("no answer within {} s", limit.as_secs())))
    }
}
