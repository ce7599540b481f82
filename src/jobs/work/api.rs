//! The queue, as a worker speaks to it.

use std::sync::Arc;
use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};

use super::call::{Answered, Caller};
use super::settings::{Access, Settings};
use crate::report::{ErrorDocument, JobOutcome, QueueJobState, WorkerJob};
use crate::system;

/// How long an answer may take that does not wait for a job.
const PATIENCE: Duration = Duration::from_secs(15);

/// Why a word was not taken.
#[derive(Debug)]
pub(super) enum Untaken {
    /// The job is this worker's no more.
    Lost,
    /// The server does not take such a word, whenever it is said.
    Refused { url: String, error: Box<ErrorDocument> },
    /// It may take it later.
    Silent(String),
}

/// The server of a worker.
#[derive(Clone)]
pub(super) struct Api {
    settings: Arc<Settings>,
    caller: Caller,
}

/// A job by its number and the fencing number of its claim.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claim {
    pub(super) job: u64,
    pub(super) fence: u64,
}

impl Api {
    /// To be used on one runtime.
    ///
    /// # Errors
    /// The machine's authorities cannot be read.
    pub(super) fn of(settings: &Arc<Settings>) -> system::Result<Self> {
        Ok(Self { settings: Arc::clone(settings), caller: Caller::new(&[])? })
    }

    /// Claims a job; waits for one so long.
    pub(super) async fn claim(&self, capacity: usize, wait: Duration) -> Result<Option<WorkerJob>, Untaken> {
        let mut body = json!({ "worker": self.settings.name, "capacity": capacity, "wait_s": wait.as_secs() });
        if !self.settings.projects.is_empty() {
            let number = |word: &String| word.parse::<u64>().map_or_else(|_| json!(word), |number| json!(number));
            body["project_ids"] = self.settings.projects.iter().map(number).collect();
        }
        let answered = self.say("start", &body, PATIENCE + wait).await?;
        if answered.status == 204 {
            return Ok(None);
        }
        let job = serde_json::from_value(answered.body);
        job.map(Some).map_err(|error| Untaken::Silent(format!("its job cannot be read: {error}")))
    }

    /// That a job is at work.
    pub(super) async fn heartbeat(
        &self,
        claim: Claim,
        state: Option<QueueJobState>,
        outcome: &JobOutcome,
    ) -> Result<(), Untaken> {
        let mut body = with_fence(claim, outcome);
        body["state"] = json!(state);
        self.say(&format!("{}/heartbeat", claim.job), &body, PATIENCE).await.map(drop)
    }

    /// Lines for its log.
    pub(super) async fn log(&self, claim: Claim, lines: &[String]) -> Result<(), Untaken> {
        let body = json!({ "fence": claim.fence, "lines": lines });
        self.say(&format!("{}/log", claim.job), &body, PATIENCE).await.map(drop)
    }

    /// That it is done.
    pub(super) async fn complete(&self, claim: Claim, outcome: &JobOutcome) -> Result<(), Untaken> {
        let body = with_fence(claim, outcome);
        self.say(&format!("{}/complete", claim.job), &body, PATIENCE).await.map(drop)
    }

    /// That it is not.
    pub(super) async fn fail(&self, claim: Claim, outcome: &JobOutcome, again: bool) -> Result<(), Untaken> {
        let mut body = with_fence(claim, outcome);
        body["again"] = json!(again);
        self.say(&format!("{}/fail", claim.job), &body, PATIENCE).await.map(drop)
    }

    /// That there is no room for it.
    pub(super) async fn give_back(&self, claim: Claim, reason: &str) -> Result<(), Untaken> {
        let body = json!({ "fence": claim.fence, "reason": reason });
        self.say(&format!("{}/return", claim.job), &body, PATIENCE).await.map(drop)
    }

    async fn say(&self, path: &str, body: &Value, limit: Duration) -> Result<Answered, Untaken> {
        // a server of this home may be at another port by now
        let access = (self.settings.access)().map_err(|failure| Untaken::Silent(failure.to_string()))?;
        let Access { url, key } = access;
        let at = format!("{}/api/worker/jobs/{path}", url.trim_end_matches('/'));
        let answered = self.caller.ask(&key, Method::POST, &at, Some(body), limit).await;
        let answered = answered.map_err(|why| Untaken::Silent(format!("`{url}`: {why}")))?;
        let error = || {
            let error = serde_json::from_value::<ErrorDocument>(answered.body["error"].clone()).ok();
            error.unwrap_or_else(|| ErrorDocument {
                code: "serve.no_answer".to_owned(),
                message: format!("it answers with status {}", answered.status),
                causes: Vec::new(),
                hint: None,
                details: Vec::new(),
            })
        };
        match answered.status {
            200..=299 => Ok(answered),
            409 => Err(Untaken::Lost),
            408 | 429 | 500.. => Err(Untaken::Silent(format!("`{url}`: {}", error().message))),
            _ => Err(Untaken::Refused { error: Box::new(error()), url }),
        }
    }
}

fn with_fence(claim: Claim, outcome: &JobOutcome) -> Value {
    let mut body = serde_json::to_value(outcome).unwrap_or_default();
    body["fence"] = json!(claim.fence);
    body
}
