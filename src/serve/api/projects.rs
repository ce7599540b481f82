//! Projects of the queue.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::route::Body;
use crate::report::{ProjectSettings, QueueProject, QueueProjects, TicketSource};
use crate::serve::refusal::{Refusal, Wrong};
use crate::serve::site::Shared;
use crate::serve::store::projects;

/// A project by number or name.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::serve) enum Word {
    /// Its number.
    Number(u64),
    /// Its name.
    Name(String),
}

impl std::fmt::Display for Word {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => number.fmt(formatter),
            Self::Name(name) => name.fmt(formatter),
        }
    }
}

/// A project to be made.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct New {
    /// Its name: letters, digits, `-`, `_` and `.`, not a number.
    name: String,
    /// How its jobs are done.
    #[serde(flatten)]
    settings: ProjectSettings,
}

/// The number of a project that is named.
pub(super) async fn number(site: &Shared, word: Option<Word>) -> Result<Option<u64>, Refusal> {
    let Some(word) = word else { return Ok(None) };
    let found = site.store.read(move |sql| projects::one(sql, &word.to_string())).await?;
    Ok(Some(found.id))
}

pub(in crate::serve) async fn list(State(site): State<Shared>) -> Result<Json<QueueProjects>, Refusal> {
    let projects = site.store.read(projects::all).await?;
    Ok(Json(QueueProjects { schema: "harness/projects/1".to_owned(), projects }))
}

pub(super) async fn one(State(site): State<Shared>, Path(word): Path<String>) -> Result<Json<QueueProject>, Refusal> {
    Ok(Json(site.store.read(move |sql| projects::one(sql, &word)).await?))
}

pub(super) async fn create(State(site): State<Shared>, Body(new): Body<New>) -> Result<impl IntoResponse, Refusal> {
    let New { name, settings } = new;
    check_name(&name)?;
    check(&settings)?;
    let made = site.store.change(move |sql| projects::create(sql, &name, &settings)).await?;
    Ok((StatusCode::CREATED, [(header::LOCATION, format!("/api/projects/{}", made.id))], Json(made)))
}

/// Changes what is named; the rest stays.
pub(super) async fn change(
    State(site): State<Shared>,
    Path(word): Path<String>,
    Body(edit): Body<serde_json::Map<String, serde_json::Value>>,
) -> Result<Json<QueueProject>, Refusal> {
    let known = site.store.read(move |sql| projects::one(sql, &word)).await?;
    let mut settings = serde_json::to_value(&known.settings).unwrap_or_default();
    if let Some(fields) = settings.as_object_mut() {
        fields.extend(edit);
    }
    let settings: ProjectSettings =
        serde_path_to_error::deserialize(settings).map_err(|error| Wrong::Input(error.to_string()))?;
    check(&settings)?;
    Ok(Json(site.store.change(move |sql| projects::change(sql, known.id, &settings)).await?))
}

pub(super) async fn remove(
    State(site): State<Shared>,
    Path(word): Path<String>,
) -> Result<Json<QueueProject>, Refusal> {
    Ok(Json(site.store.change(move |sql| projects::remove(sql, &word)).await?))
}

/// What a name of ours may look like.
pub(super) fn check_name(name: &str) -> Result<(), Wrong> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    let is_number = name.chars().all(|letter| letter.is_ascii_digit());
    if name.len() > 64 || is_number || name.starts_with(['-', '.']) || !name.chars().all(plain) {
        return Err(Wrong::Input(format!("`{name}` is no name: letters, digits, `-`, `_` and `.`, not a number")));
    }
    Ok(())
}

fn check(settings: &ProjectSettings) -> Result<(), Wrong> {
    let wrong = |text: &str| Err(Wrong::Input(text.to_owned()));
    let reference =
        |text: &str| !text.starts_with('-') && !text.contains(|c: char| c.is_whitespace() || c.is_control());
    if !settings.path.is_absolute() {
        return wrong("`path` must be absolute");
    }
    if settings.base.is_empty() || !reference(&settings.base) {
        return wrong("`base` is no branch");
    }
    if !reference(&settings.remote) {
        return wrong("`remote` is no remote");
    }
    let named =
        |github: &String| github.split('/').filter(|part| check_name(part).is_ok() && !part.is_empty()).count() == 2;
    if settings.github.as_ref().is_some_and(|github| !named(github) || github.matches('/').count() != 1) {
        return wrong("`github` must be `owner/name`");
    }
    let is_id = |id: &String| id.len() == 36 && id.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    if settings.plane.as_ref().is_some_and(|id| !is_id(id)) {
        return wrong("`plane` must be the id of a project, as in its address: 8-4-4-4-12 hexadecimal digits");
    }
    if settings.source == Some(TicketSource::Plane) && settings.plane.is_none() {
        return wrong("`source` needs `plane`: the project whose work items are tickets");
    }
    if settings.source == Some(TicketSource::GitHub) && settings.github.is_none() {
        return wrong("`source` needs `github`: the repository whose issues are tickets");
    }
    if settings.reviews && settings.github.is_none() {
        return wrong("`reviews` needs `github`: the repository whose pull requests are reviewed");
    }
    let labels = &settings.state_labels;
    let all = [&labels.in_progress, &labels.in_review, &labels.failed, &labels.done, &labels.cancelled];
    let is_label = |label: &str| label.chars().count() <= 50 && !label.contains([',', '\n', '\r']);
    if settings.label.trim().is_empty() || !is_label(&settings.label) || !all.into_iter().all(|it| is_label(it)) {
        return wrong("`label` and `state_labels` are names of 1 to 50 characters without commas");
    }
    if all.contains(&&settings.label) {
        return wrong("`state_labels` must not have the name of `label`");
    }
    if settings.program.first().is_none_or(String::is_empty) {
        return wrong("`program` names no program");
    }
    if settings.rounds == 0 || settings.attempts == 0 || settings.time_limit_s == 0 {
        return wrong("`rounds`, `attempts` and `time_limit_s` must be at least 1");
    }
    if settings.cost_limit_usd.is_some_and(|limit| limit.is_nan() || limit <= 0.0) {
        return wrong("`cost_limit_usd` must be more than 0; `null` sets no limit");
    }
    Ok(())
}
