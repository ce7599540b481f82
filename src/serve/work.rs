//! Calls of verbs, each on a thread with a runtime of its own.
//!
//! A look ends with its request. A job is kept in the store, goes on without anybody, and ends by itself, by an
//! interruption, or by SIGTERM, which a verb takes as Ctrl-C.

use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::progress::Progress;
use super::refusal::{Refusal, Wrong};
use super::site::{Shared, Site};
use super::store::jobs;
use super::working::JOBS;
use crate::agent::{Context, Interruption, Record};
use crate::project::AgentId;
use crate::report::{Events, Failure, Job, JobState};
use crate::system;

/// What the main thread has: verbs that run on it are tried with so much.
const STACK: usize = 8 << 20;

/// What a job came to.
pub(super) struct Done {
    document: Value,
    well: bool,
}

impl Done {
    /// A document that says what was done.
    pub(super) fn of<T: Serialize>(document: &T) -> Self {
        Self { document: serde_json::to_value(document).unwrap_or_default(), well: true }
    }

    /// Says that the verb did not do what was asked.
    pub(super) fn failed_if(self, failed: bool) -> Self {
        Self { well: !failed, ..self }
    }
}

/// Runs a verb that only looks and is answered at once. `name` is that of its document.
pub(super) async fn look<T: Send + 'static>(
    site: &Shared,
    name: &str,
    agent: Option<AgentId>,
    verb: impl AsyncFnOnce(Context) -> Result<T, Failure> + Send + 'static,
) -> Result<T, Refusal> {
    let _permit = site.working.look().await;
    look_on(site, name, agent, verb).await
}

/// The same for as long as somebody likes: it takes no place of those that are answered at once.
pub(super) async fn look_on<T: Send + 'static>(
    site: &Shared,
    name: &str,
    agent: Option<AgentId>,
    verb: impl AsyncFnOnce(Context) -> Result<T, Failure> + Send + 'static,
) -> Result<T, Refusal> {
    let refused = |failure: Failure| Refusal::of(name, failure);
    let context = context(site, agent, None, Events::silent());
    let (mut answer, answered) = oneshot::channel();
    thread(async move || {
        let done = tokio::select! {
            done = verb(context) => done,
            // nobody waits any more
            () = answer.closed() => return,
        };
        let _ = answer.send(done);
    })
    .map_err(|error| refused(error.into()))?;
    answered.await.unwrap_or_else(|_| Err(Panicked.into())).map_err(refused)
}

/// Begins a verb that takes its time. `root` is the project of an agent that has no record yet.
pub(super) async fn begin(
    site: &Shared,
    verb: &'static str,
    agent: AgentId,
    root: Option<PathBuf>,
    work: impl AsyncFnOnce(Context) -> Result<Done, Failure> + Send + 'static,
) -> Result<Job, Refusal> {
    if site.working.count() >= JOBS {
        return Err(Wrong::Busy(JOBS).into());
    }
    let job = Job {
        schema: "harness/job/1".to_owned(),
        id: 0,
        verb: verb.to_owned(),
        agent: Some(agent.get()),
        state: JobState::Running,
        started_at: jiff::Timestamp::now().to_string(),
        finished_at: None,
        progress: None,
        result: None,
    };
    let job = site.store.change_here(move |transaction| jobs::begin(transaction, job)).await?;
    let interruption = Interruption::default();
    site.working.begins(job.id, &interruption);
    let entry = Entry { site: Arc::clone(site), job: job.clone() };
    let progress = Progress::of(&site.store, job.id, agent);
    let context = context(site, Some(agent), root, progress.events());
    thread(async move || {
        let done = interruption.scope(work(context)).await;
        progress.end().await;
        entry.end(verb, done).await;
    })
    .map_err(Failure::from)?;
    Ok(job)
}

/// A job that is known while it is at work, whatever becomes of its thread.
struct Entry {
    site: Shared,
    job: Job,
}

impl Entry {
    async fn end(self, verb: &str, done: Result<Done, Failure>) {
        let (state, result) = match done {
            Ok(done) => (if done.well { JobState::Done } else { JobState::Failed }, done.document),
            Err(failure) => {
                // a verb of two words has the document of the first
                let name = verb.split(' ').next().unwrap_or(verb);
                let document = json!({ "schema": format!("harness/{name}/1"), "error": failure.document() });
                (JobState::Failed, document)
            }
        };
        let finished_at = Some(jiff::Timestamp::now().to_string());
        let job = Job { state, finished_at, result: Some(result), ..self.job.clone() };
        // a database that fails has no better place to say so
        let _ = self.site.store.change_here(move |transaction| jobs::end(transaction, &job)).await;
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.site.working.ends(self.job.id);
    }
}

/// The thread of a call ended without an answer.
#[derive(Debug, thiserror::Error)]
#[error("harness panicked: this is a bug")]
struct Panicked;

impl crate::report::Diagnostic for Panicked {
    fn kind(&self) -> crate::report::Kind {
        crate::report::Kind::Bug
    }

    fn code(&self) -> &'static str {
        "bug"
    }
}

/// The surroundings of a verb, as if it were run in the project of the agent.
pub(super) fn context(site: &Site, agent: Option<AgentId>, root: Option<PathBuf>, events: Events) -> Context {
    let recorded = agent.and_then(|agent| Record::read(&site.home, agent).ok().flatten());
    let directory = recorded.map(|record| record.project_root).or(root).unwrap_or_else(|| PathBuf::from("/"));
    Context { home: site.home.clone(), environment: site.environment.clone(), directory, events }
}

/// Runs something on a thread and a runtime of its own.
pub(super) fn thread(work: impl AsyncFnOnce() + Send + 'static) -> Result<(), system::Error> {
    let run = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        // without one the answer is missing, which is told
        if let Ok(runtime) = runtime {
            runtime.block_on(work());
            // a lookup of names that hangs keeps no thread
            runtime.shutdown_background();
        }
    };
    std::thread::Builder::new()
        .name("verb".to_owned())
        .stack_size(STACK)
        .spawn(run)
        .map(drop)
        .map_err(system::Error::call("start a thread"))
}
