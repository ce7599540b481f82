//! The queue, for people: its jobs, its health, the keys of its workers.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

use super::projects::check_name;
use super::route::{Body, Number, Query};
use crate::report::{Happening, JobLog, QueueHealth, QueueJob, QueueJobState, QueueJobs, WorkerKey, WorkerKeys};
use crate::serve::refusal::{Refusal, Wrong};
use crate::serve::site::Shared;
use crate::serve::store::Sql;
use crate::serve::store::projects::ProjectError;
use crate::serve::store::queue::{self, Filter, QueueError};
use crate::serve::store::tasks::TaskError;
use crate::serve::store::worker_keys;

/// Lines of a log that are answered unless more are asked for.
const LINES: u64 = 1000;

impl From<TaskError> for Refusal {
    fn from(error: TaskError) -> Self {
        match error {
            TaskError::Missing(id) => Self::of("task", Wrong::Task(id)),
            TaskError::Store(error) => Self::of("task", error),
        }
    }
}

impl From<ProjectError> for Refusal {
    fn from(error: ProjectError) -> Self {
        match error {
            ProjectError::Missing(word) => Self::of("project", Wrong::Project(word)),
            ProjectError::Taken(name) => Self::of("project", Wrong::ProjectTaken(name)),
            ProjectError::InUse(name) => Self::of("project", Wrong::ProjectInUse(name)),
            ProjectError::Store(error) => Self::of("project", error),
        }
    }
}

impl From<QueueError> for Refusal {
    fn from(error: QueueError) -> Self {
        match error {
            QueueError::NoJob(id) => Self::of("queue-job", Wrong::QueueJob(id)),
            QueueError::Lost(id) => Self::of("queue-job", Wrong::Lost(id)),
            QueueError::Conflict(text) => Self::of("queue-job", Wrong::State(text)),
            QueueError::Task(error) => error.into(),
            QueueError::Project(error) => error.into(),
            QueueError::Store(error) => Self::of("queue-job", error),
        }
    }
}

/// Changes the queue, and wakes the workers that wait for a job.
pub(super) async fn change_queue<T: Send + 'static>(
    site: &Shared,
    work: impl FnOnce(&dyn Sql) -> Result<(T, Vec<Happening>), QueueError> + Send + 'static,
) -> Result<T, Refusal> {
    let value = site.store.change(work).await?;
    site.queue.notify_waiters();
    Ok(value)
}

/// Which jobs.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    /// Those of this ticket alone.
    ticket: Option<u64>,
    /// Those in this state alone.
    state: Option<QueueJobState>,
}

/// Which lines.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Lines {
    /// Those after this number.
    after: Option<u64>,
    /// At most so many, the last ones; 1000 when left out.
    lines: Option<u64>,
}

pub(super) async fn health(State(site): State<Shared>) -> Result<Json<QueueHealth>, Refusal> {
    Ok(Json(site.store.read(queue::health).await?))
}

pub(super) async fn list(State(site): State<Shared>, Query(which): Query<Which>) -> Result<Json<QueueJobs>, Refusal> {
    let filter = Filter { ticket: which.ticket, state: which.state };
    Ok(Json(jobs(&site, filter).await?))
}

pub(in crate::serve) async fn jobs(site: &Shared, filter: Filter) -> Result<QueueJobs, Refusal> {
    let jobs = site.store.read(move |sql| queue::jobs(sql, &filter)).await?;
    Ok(QueueJobs { schema: "harness/queue-jobs/1".to_owned(), jobs })
}

pub(super) async fn one(State(site): State<Shared>, Number(id): Number) -> Result<Json<QueueJob>, Refusal> {
    Ok(Json(site.store.read(move |sql| queue::job(sql, id)).await?))
}

pub(super) async fn logs(
    State(site): State<Shared>,
    Number(id): Number,
    Query(Lines { after, lines }): Query<Lines>,
) -> Result<Json<JobLog>, Refusal> {
    Ok(Json(log(&site, id, after.unwrap_or_default(), lines.unwrap_or(LINES)).await?))
}

pub(in crate::serve) async fn log(site: &Shared, job: u64, after: u64, most: u64) -> Result<JobLog, Refusal> {
    let most = most.min(i64::MAX.unsigned_abs());
    let lines = site.store.read(move |sql| queue::lines(sql, job, after, most)).await?;
    Ok(JobLog { schema: "harness/job-log/1".to_owned(), job, lines })
}

pub(in crate::serve) async fn cancel(
    State(site): State<Shared>,
    Number(id): Number,
) -> Result<Json<QueueJob>, Refusal> {
    Ok(Json(change_queue(&site, move |sql| queue::cancel(sql, id)).await?))
}

pub(in crate::serve) async fn retry(State(site): State<Shared>, Number(id): Number) -> Result<Json<QueueJob>, Refusal> {
    Ok(Json(change_queue(&site, move |sql| queue::retry(sql, id)).await?))
}

/// Whose key to make.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewKey {
    /// The worker's name: letters, digits, `-`, `_` and `.`, not a number.
    worker: String,
}

pub(super) async fn keys(State(site): State<Shared>) -> Result<Json<WorkerKeys>, Refusal> {
    let keys = site.store.read(worker_keys::all).await?.into_iter().map(|(key, _)| key).collect();
    Ok(Json(WorkerKeys { schema: "harness/serve-keys/1".to_owned(), keys }))
}

pub(super) async fn add_key(
    State(site): State<Shared>,
    Body(new): Body<NewKey>,
) -> Result<(StatusCode, Json<WorkerKey>), Refusal> {
    check_name(&new.worker)?;
    let made = site.store.change(move |sql| worker_keys::create(sql, &new.worker)).await?;
    site.workers.replace(site.store.read(worker_keys::all).await?);
    Ok((StatusCode::CREATED, Json(made)))
}

pub(super) async fn remove_key(
    State(site): State<Shared>,
    Path(worker): Path<String>,
) -> Result<Json<WorkerKeys>, Refusal> {
    let name = worker.clone();
    if !site.store.change(move |sql| worker_keys::remove(sql, &name)).await? {
        return Err(Wrong::NoKey(worker).into());
    }
    site.workers.replace(site.store.read(worker_keys::all).await?);
    keys(State(site)).await
}
