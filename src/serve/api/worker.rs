//! The queue, for workers: claims, and what they say about their jobs.

use std::time::Duration;

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::Instant;

use super::projects::{self, Word as ProjectWord, check_name};
use super::queue::change_queue;
use super::route::{Body, Number};
use crate::report::{JobLease, JobOutcome, QueueJob, QueueJobState};
use crate::serve::guard::bearer;
use crate::serve::refusal::{Refusal, Wrong};
use crate::serve::site::Shared;
use crate::serve::store::Sql;
use crate::serve::store::queue::{self, Holder, QueueError, Word};

/// The longest wait for a job.
const LONGEST: Duration = Duration::from_secs(30);
/// A job becomes ready by the clock too.
const EACH: Duration = Duration::from_secs(1);
/// Lines of one message, and bytes of one line.
const LINES: usize = 2000;
const LINE: usize = 16 << 10;

/// The worker whose key was shown; none with the token of the home.
pub(super) struct Key(Option<String>);

impl FromRequestParts<Shared> for Key {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, site: &Shared) -> Result<Self, Refusal> {
        Ok(Self(bearer(&parts.headers).and_then(|key| site.workers.name(key))))
    }
}

/// What a worker wants.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct Start {
    /// Projects whose jobs it takes, by number or name; all when left out.
    project_ids: Option<Vec<ProjectWord>>,
    /// What it calls itself; the name of its key when left out.
    worker: Option<String>,
    /// How many further jobs it has room for.
    capacity: u32,
    /// How long to wait for a job, in seconds, at most 30.
    wait_s: u64,
}

impl Default for Start {
    fn default() -> Self {
        Self { project_ids: None, worker: None, capacity: 1, wait_s: 0 }
    }
}

/// That a worker is at work.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Beat {
    /// The fencing number of its claim.
    fence: u64,
    /// How far the job is: `claimed`, `running` or `verifying`.
    state: Option<QueueJobState>,
    /// Where it works.
    #[serde(flatten)]
    outcome: JobOutcome,
}

/// Lines for the log.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Log {
    /// The fencing number of its claim.
    fence: u64,
    /// The lines.
    lines: Vec<String>,
}

/// That a worker has no room for a job.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Return {
    /// The fencing number of its claim.
    fence: u64,
    /// Why.
    reason: String,
}

/// The end of a job.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct End {
    /// The fencing number of its claim.
    fence: u64,
    /// Of one that failed: whether another attempt may succeed.
    #[serde(default)]
    again: bool,
    /// What it came to.
    #[serde(flatten)]
    outcome: JobOutcome,
}

pub(super) async fn start(
    State(site): State<Shared>,
    Key(key): Key,
    Body(start): Body<Start>,
) -> Result<Response, Refusal> {
    let worker = start.worker.or_else(|| key.clone()).unwrap_or_else(|| "local".to_owned());
    check_name(&worker)?;
    let mut projects = start.project_ids.as_ref().map(|_| Vec::new());
    for word in start.project_ids.into_iter().flatten() {
        projects.get_or_insert_default().extend(projects::number(&site, Some(word)).await?);
    }
    let until = Instant::now() + Duration::from_secs(start.wait_s).min(LONGEST);
    let mut stop = site.stop.clone();
    if start.capacity == 0 {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    loop {
        let changed = site.queue.notified();
        tokio::pin!(changed);
        // what happens from here on wakes it
        changed.as_mut().enable();
        let (of, name, own) = (projects.clone(), worker.clone(), key.clone());
        // one that finds no job writes nothing, and costs no more than a look
        let claim = move |sql: &dyn Sql| queue::claim(sql, of.as_deref(), &name, own.as_deref());
        if let Some(job) = site.store.change_job::<queue::Claimed, QueueError>(claim).await? {
            return Ok(Json(job).into_response());
        }
        let now = Instant::now();
        if now >= until {
            break;
        }
        tokio::select! {
            () = &mut changed => {}
            () = tokio::time::sleep_until(until.min(now + EACH)) => {}
            () = stop.asked() => break,
        }
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(super) async fn heartbeat(
    State(site): State<Shared>,
    Key(key): Key,
    Number(id): Number,
    Body(Beat { fence, state, outcome }): Body<Beat>,
) -> Result<Json<JobLease>, Refusal> {
    let holder = Holder { fence, key };
    let said = Word::Alive(state, outcome);
    // no job becomes claimable by it: nobody is woken
    let job = site.store.change_job(move |sql| queue::say(sql, id, &holder, &said)).await?;
    let lease_until = job.lease_until.unwrap_or_default();
    Ok(Json(JobLease { schema: "harness/job-lease/1".to_owned(), job: id, lease_until }))
}

pub(super) async fn log(
    State(site): State<Shared>,
    Key(key): Key,
    Number(id): Number,
    Body(Log { fence, mut lines }): Body<Log>,
) -> Result<StatusCode, Refusal> {
    if lines.len() > LINES {
        return Err(Wrong::Input(format!("`lines` has at most {LINES} entries")).into());
    }
    for line in &mut lines {
        line.truncate(line.floor_char_boundary(LINE));
    }
    let holder = Holder { fence, key };
    site.store.change_job(move |sql| queue::log(sql, id, &holder, &lines)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn complete(
    State(site): State<Shared>,
    Key(key): Key,
    Number(id): Number,
    Body(End { fence, outcome, .. }): Body<End>,
) -> Result<Json<QueueJob>, Refusal> {
    let holder = Holder { fence, key };
    let said = Word::Complete(outcome);
    Ok(Json(change_queue(&site, move |sql| queue::say(sql, id, &holder, &said)).await?))
}

pub(super) async fn fail(
    State(site): State<Shared>,
    Key(key): Key,
    Number(id): Number,
    Body(End { fence, again, outcome }): Body<End>,
) -> Result<Json<QueueJob>, Refusal> {
    let holder = Holder { fence, key };
    let said = Word::Fail(outcome, again);
    Ok(Json(change_queue(&site, move |sql| queue::say(sql, id, &holder, &said)).await?))
}

pub(super) async fn give_back(
    State(site): State<Shared>,
    Key(key): Key,
    Number(id): Number,
    Body(Return { fence, reason }): Body<Return>,
) -> Result<Json<QueueJob>, Refusal> {
    let holder = Holder { fence, key };
    let said = Word::Return(reason);
    Ok(Json(change_queue(&site, move |sql| queue::say(sql, id, &holder, &said)).await?))
}
