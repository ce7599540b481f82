//! One row of the table: a path, what it takes, what it answers, and who does.

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::handler::Handler;
use axum::http::header::LOCATION;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use schemars::generate::SchemaGenerator;
use schemars::{JsonSchema, Schema};
use serde::de::DeserializeOwned;

use crate::project::AgentId;
use crate::report::Job;
use crate::serve::refusal::{Refusal, Wrong};
use crate::serve::site::Shared;

/// Bytes of a body.
pub(in crate::serve) const BODY: usize = 256 << 10;

pub(super) type Document = fn(&mut SchemaGenerator) -> Schema;

/// What a row answers when it does what was asked.
pub(super) enum Good {
    /// A JSON document.
    Document(u16, Document),
    /// Nothing.
    Nothing(u16),
    /// Text of this type.
    Text(&'static str),
    /// Another protocol.
    Upgrade,
}

/// A row.
pub(super) struct Route {
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) summary: &'static str,
    pub(super) query: Option<Document>,
    pub(super) body: Option<Document>,
    pub(super) good: Good,
    /// Text that it answers instead, on request.
    pub(super) streamed: Option<&'static str>,
    /// Whether it answers 204 where there is nothing.
    pub(super) may_be_nothing: bool,
    /// Whether `Location` says where what it made is.
    pub(super) located: bool,
    pub(super) handler: MethodRouter<Shared>,
}

impl Route {
    pub(super) fn new<H, T>(method: &Method, path: &'static str, summary: &'static str, handler: H) -> Self
    where
        H: Handler<T, Shared>,
        T: 'static,
    {
        let filter = MethodFilter::try_from(method.clone()).unwrap_or(MethodFilter::GET);
        let handler = on(filter, handler);
        let good = Good::Nothing(204);
        let (query, body, streamed, may_be_nothing, located) = (None, None, None, false, false);
        Self { method: method.clone(), path, summary, query, body, good, streamed, may_be_nothing, located, handler }
    }

    pub(super) fn query<T: JsonSchema>(self) -> Self {
        Self { query: Some(SchemaGenerator::subschema_for::<T>), ..self }
    }

    pub(super) fn body<T: JsonSchema>(self) -> Self {
        Self { body: Some(SchemaGenerator::subschema_for::<T>), ..self }
    }

    pub(super) fn answers<T: JsonSchema>(self, status: u16) -> Self {
        Self { good: Good::Document(status, SchemaGenerator::subschema_for::<T>), ..self }
    }

    /// Begins a job.
    pub(super) fn begins(self) -> Self {
        self.answers::<Job>(202).located()
    }

    pub(super) fn located(self) -> Self {
        Self { located: true, ..self }
    }

    /// With a parameter it answers text of this type.
    pub(super) fn or_streams(self, kind: &'static str) -> Self {
        Self { streamed: Some(kind), ..self }
    }

    /// 204, where there is nothing.
    pub(super) fn or_nothing(self) -> Self {
        Self { may_be_nothing: true, ..self }
    }

    pub(super) fn streams(self, kind: &'static str) -> Self {
        Self { good: Good::Text(kind), ..self }
    }

    pub(super) fn redirects(self) -> Self {
        Self { good: Good::Nothing(303), ..self }
    }

    pub(super) fn upgrades(self) -> Self {
        Self { good: Good::Upgrade, ..self }
    }
}

/// A job that was begun; `Location` says where to ask for it.
pub(in crate::serve) struct Accepted(pub(in crate::serve) Job);

impl IntoResponse for Accepted {
    fn into_response(self) -> Response {
        let place = [(LOCATION, format!("/api/jobs/{}", self.0.id))];
        (StatusCode::ACCEPTED, place, Json(self.0)).into_response()
    }
}

/// A JSON body; its absence is `{}`, where every key may be left out.
pub(in crate::serve) struct Body<T>(pub(in crate::serve) T);

impl<T: DeserializeOwned> FromRequest<Shared> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &Shared) -> Result<Self, Refusal> {
        let bytes = axum::body::to_bytes(request.into_body(), BODY).await.map_err(|_| Wrong::TooLong(BODY))?;
        let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        // serde reads a list as the fields of a document in their order
        if text.trim_ascii_start().first() != Some(&b'{') {
            return Err(Wrong::Input("the body is no JSON object".to_owned()).into());
        }
        let mut reader = serde_json::Deserializer::from_slice(text);
        let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| Wrong::Input(error.to_string()))?;
        reader.end().map_err(|error| Wrong::Input(error.to_string()))?;
        Ok(Self(value))
    }
}

/// What stands behind the `?`.
pub(in crate::serve) struct Query<T>(pub(in crate::serve) T);

impl<T: DeserializeOwned> FromRequestParts<Shared> for Query<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Refusal> {
        let found = axum::extract::Query::<T>::try_from_uri(&parts.uri);
        Ok(Self(found.map_err(|error| Wrong::Input(error.body_text()))?.0))
    }
}

/// The agent of the path.
pub(in crate::serve) struct Agent(pub(in crate::serve) AgentId);

impl FromRequestParts<Shared> for Agent {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &Shared) -> Result<Self, Refusal> {
        let text = first(parts, state).await?;
        Ok(Self(text.parse().map_err(|error: crate::project::InvalidAgentId| Wrong::Input(error.to_string()))?))
    }
}

/// The number of the path.
pub(in crate::serve) struct Number(pub(in crate::serve) u64);

impl FromRequestParts<Shared> for Number {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &Shared) -> Result<Self, Refusal> {
        let text = first(parts, state).await?;
        let number = text.parse::<u64>().ok().filter(|number| i64::try_from(*number).is_ok());
        Ok(Self(number.ok_or_else(|| Wrong::Input(format!("`{text}` is not a number")))?))
    }
}

async fn first(parts: &mut Parts, state: &Shared) -> Result<String, Refusal> {
    let found = axum::extract::RawPathParams::from_request_parts(parts, state).await;
    let found = found.map_err(|error| Wrong::Input(error.body_text()))?;
    Ok(found.iter().next().map(|(_, value)| value.to_owned()).unwrap_or_default())
}
