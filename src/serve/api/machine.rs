//! What is about the server or the machine and not about one agent.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Deserialize;

use super::route::Query;
use crate::agent::Sampler;
use crate::jobs;
use crate::report::{Doctor, InfraPs, Link, ServeHealth, Stats};
use crate::serve::keys::COOKIE_AGE;
use crate::serve::metrics;
use crate::serve::refusal::{Refusal, Wrong};
use crate::serve::site::Shared;
use crate::serve::work::look;

/// The type of the figures.
pub(super) const METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// How long CPU is measured.
pub(super) const SAMPLE: Duration = Duration::from_millis(200);

pub(super) async fn health() -> Json<ServeHealth> {
    Json(ServeHealth { status: "ok".to_owned(), timestamp: jiff::Timestamp::now().to_string() })
}

pub(super) async fn link(State(site): State<Shared>) -> (StatusCode, Json<Link>) {
    let url = format!("{}/enter?code={}", site.url(), site.links.make());
    (StatusCode::CREATED, Json(Link { schema: "harness/link/1".to_owned(), url }))
}

/// What a link carries.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Code {
    /// The code of the link.
    code: Option<String>,
}

/// Lets a browser in that has a link which was not used yet.
pub(super) async fn enter(State(site): State<Shared>, Query(Code { code }): Query<Code>) -> Result<Response, Refusal> {
    if !site.links.use_up(&code.unwrap_or_default()) {
        return Err(site.failures.count().map_or(Wrong::Link, Wrong::TooOften).into());
    }
    let (name, value, age) = (site.cookie_name(), site.keys.cookie(), COOKIE_AGE.as_secs());
    let cookie = format!("{name}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict");
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, "/".to_owned()), (header::SET_COOKIE, cookie)]).into_response())
}

pub(in crate::serve) async fn infra(State(site): State<Shared>) -> Result<Json<InfraPs>, Refusal> {
    let status =
        look(&site, "infra-ps", None, async |context| crate::infra::status(&context.home).await.map_err(Into::into))
            .await?;
    Ok(Json(InfraPs { schema: "harness/infra-ps/1".to_owned(), infra: status }))
}

pub(in crate::serve) async fn doctor(State(site): State<Shared>) -> Result<Json<Doctor>, Refusal> {
    Ok(Json(look(&site, "doctor", None, async |context| jobs::doctor(&context).await).await?))
}

pub(super) async fn metrics(State(site): State<Shared>) -> Result<Response, Refusal> {
    let momentary = metrics::momentary(&site).await?;
    Ok(([(header::CONTENT_TYPE, METRICS)], site.counted.text(&momentary)).into_response())
}

pub(super) async fn stats(State(site): State<Shared>) -> Result<Json<Stats>, Refusal> {
    let stats = look(&site, "stats", None, async |context| Sampler::new(&context, None).next(SAMPLE).await).await?;
    Ok(Json(stats))
}
