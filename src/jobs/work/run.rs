//! The worker: goes on with what it finds, claims what there is room for, and ends when it is asked to.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::api::{Api, Untaken};
use super::error::WorkError;
use super::job::Job;
use super::kept::{Ending, Files, Folder, Kept};
use super::line::Line;
use super::reporter::report;
use super::settings::{Access, Settings, WorkOptions};
use super::stop::Brake;
use crate::agent::Context;
use crate::report::{Failure, Work, WorkOutcome, WorkedJob, WorkerJob};
use crate::system::text::{cut, plain};
use crate::system::{self, Home, Stop};

/// The longest wait of the server for a job.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// A server that answers at once is not asked more often.
const SHORTEST: Duration = Duration::from_secs(1);
/// What is at work gets so long to come to a point from which it can be gone on with.
const LEAVING: Duration = Duration::from_secs(30);
/// What the main thread has: verbs that run on it are tried with so much.
pub(super) const STACK: usize = 8 << 20;
/// Jobs that the worker's document lists.
const LISTED: usize = 100;

/// Takes what a person may want to read.
pub type Say = Arc<dyn Fn(&str) + Send + Sync>;

type Claiming = Pin<Box<dyn Future<Output = Result<Option<WorkerJob>, Untaken>>>>;

/// A job whose thread has ended.
struct Over {
    job: u64,
    /// Where it ended; `None` where it is to be gone on with.
    kept: Option<Box<Kept>>,
}

struct Worker {
    context: Context,
    settings: Arc<Settings>,
    folder: Folder,
    api: Api,
    say: Say,
    over: mpsc::UnboundedSender<Over>,
    running: BTreeMap<u64, (Kept, Arc<Brake>)>,
    document: Work,
}

/// Works until SIGTERM or SIGINT; with `once`, for one job at most. `own` finds the server of this home.
///
/// # Errors
/// A setting is wrong, the server refuses this worker, or a worker of this name runs already.
pub async fn work(
    context: &Context,
    options: &WorkOptions,
    own: fn(&Home) -> Result<Access, Failure>,
    say: &Say,
) -> Result<Work, Failure> {
    let settings = Arc::new(Settings::of(options, &context.home, &context.environment, own)?);
    // that there is no server is said before anything else
    let access = (settings.access)()?;
    let folder = Folder::of(&context.home, &settings.name)?;
    let mut stop = Stop::on_signal()?;
    let (over, mut ended) = mpsc::unbounded_channel();
    let mut worker = Worker {
        context: context.clone(),
        folder,
        api: Api::of(&settings)?,
        say: Arc::clone(say),
        over,
        running: BTreeMap::new(),
        document: Work { schema: "harness/work/1".to_owned(), worker: settings.name.clone(), jobs: Vec::new() },
        settings: Arc::clone(&settings),
    };
    settings.warnings.iter().for_each(|warning| say(&format!("warning: {warning}")));
    say(&format!("worker `{}` for {}", settings.name, access.url));
    worker.go_on();

    let mut is_done = settings.once && !worker.running.is_empty();
    let (mut claiming, mut not_before): (Option<Claiming>, Instant) = (None, Instant::now());
    let (mut leaving, mut failure): (Option<Instant>, Option<Failure>) = (None, None);
    let mut silence = String::new();
    loop {
        let room = settings.jobs.saturating_sub(worker.running.len());
        if room > 0 && !is_done && leaving.is_none() && claiming.is_none() {
            let api = worker.api.clone();
            let wait = if settings.once { Duration::ZERO } else { settings.poll.min(LONGEST_WAIT) };
            claiming = Some(Box::pin(async move {
                sleep_until(not_before).await;
                api.claim(room, wait).await
            }));
        }
        if claiming.is_none() && worker.running.is_empty() {
            break;
        }
        let give_up = leaving.unwrap_or_else(Instant::now);
        tokio::select! {
            biased;
            () = stop.asked(), if leaving.is_none() => {
                // a claim that is under way is lost to this worker, and found again when its lease ends
                (leaving, claiming) = (Some(Instant::now() + LEAVING), None);
                worker.leave();
            }
            Some(over) = ended.recv() => worker.is_over(&over),
            claimed = async { claiming.as_mut().expect("there is one").await }, if claiming.is_some() => {
                (claiming, not_before) = (None, Instant::now() + SHORTEST);
                is_done |= settings.once;
                match claimed {
                    Ok(Some(job)) => {
                        silence.clear();
                        not_before = Instant::now();
                        worker.take(job).await;
                    }
                    Ok(None) => silence.clear(),
                    Err(Untaken::Refused { url, error }) => {
                        failure = Some(WorkError::Refused { url, error }.into());
                        (leaving, is_done) = (Some(Instant::now() + LEAVING), true);
                        worker.leave();
                    }
                    Err(Untaken::Silent(why)) if settings.once => {
                        failure = Some(WorkError::NoAnswer { why }.into());
                    }
                    Err(Untaken::Silent(why)) => {
                        not_before = Instant::now() + settings.poll;
                        if silence != why {
                            say(&format!("no answer of {why}"));
                            silence = why;
                        }
                    }
                    Err(Untaken::Lost) => {}
                }
            }
            () = sleep_until(give_up), if leaving.is_some() => break,
        }
    }
    worker.running.values().for_each(|(kept, _)| worker.document.jobs.push(row(kept, None)));
    failure.map_or(Ok(worker.document), Err)
}

impl Worker {
    /// Goes on with the jobs of an earlier worker of this name.
    fn go_on(&mut self) {
        let (kept, wrong) = self.folder.all();
        for error in wrong {
            (self.say)(&format!("warning: a job is left: {}", system::with_causes(&error)));
        }
        for kept in kept {
            let id = kept.id();
            if kept.server == self.settings.server {
                (self.say)(&format!("job {id}: goes on"));
                self.begin(kept);
            } else {
                (self.say)(&format!("warning: job {id} is of `{}`, and is left", kept.server));
            }
        }
    }

    /// Begins a job that was claimed now.
    async fn take(&mut self, job: WorkerJob) {
        let kept = Kept::new(self.settings.server.clone(), job);
        let (id, ticket) = (kept.id(), &kept.claimed.ticket);
        (self.say)(&format!("job {id}: ticket {}: {}", ticket.id, cut(&plain(&ticket.title), 100)));
        // a job that is not written down would be lost with this worker
        if let Err(error) = Files::of(&self.folder.path, id).save(&kept) {
            let reason = format!("the worker cannot write: {}", system::with_causes(&error));
            (self.say)(&format!("job {id}: {reason}"));
            // without an answer the lease ends
            let _ = self.api.give_back(kept.claim(), &reason).await;
            return;
        }
        self.begin(kept);
    }

    fn begin(&mut self, kept: Kept) {
        let (id, brake) = (kept.id(), Arc::new(Brake::default()));
        let (line, ear) = Line::open(id, Arc::clone(&self.say));
        let files = Files::of(&self.folder.path, id);
        tokio::spawn(report(self.api.clone(), kept.claim(), files.clone(), ear, Arc::clone(&brake)));
        self.running.insert(id, (kept.clone(), Arc::clone(&brake)));
        let (settings, context) = (Arc::clone(&self.settings), self.context.clone());
        let over = self.over.clone();
        let work = move || {
            let mut farewell = Farewell { over, job: id, kept: None };
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            // without one the job is gone on with by the next worker
            let Ok(runtime) = runtime else { return };
            let interruption = brake.interruption.clone();
            farewell.kept = runtime.block_on(async {
                let job = Job::new(&settings, &context, files, kept, line.clone(), brake);
                match job {
                    Ok(job) => interruption.scope(job.run()).await.map(Box::new),
                    Err(error) => {
                        line.say(&system::with_causes(&error));
                        None
                    }
                }
            });
            // a lookup of names that hangs keeps no thread
            runtime.shutdown_background();
        };
        if let Err(error) = std::thread::Builder::new().name(format!("job {id}")).stack_size(STACK).spawn(work) {
            (self.say)(&format!("job {id}: cannot start a thread: {error}"));
            self.running.remove(&id);
        }
    }

    fn leave(&self) {
        if !self.running.is_empty() {
            (self.say)("leaving: what is at work goes on, and the next worker of this name with it");
        }
        self.running.values().for_each(|(_, brake)| brake.leave());
    }

    fn is_over(&mut self, over: &Over) {
        let Some((begun, _)) = self.running.remove(&over.job) else { return };
        let row = row(&begun, over.kept.as_deref());
        let what =
            row.pull_request.as_ref().or(row.reason.as_ref()).map_or_else(String::new, |text| format!(": {text}"));
        (self.say)(&format!("job {}: {}{what}", row.job, row.outcome));
        self.document.jobs.push(row);
        if self.document.jobs.len() > LISTED {
            self.document.jobs.remove(0);
        }
    }
}

/// Says that a thread has ended, however it has.
struct Farewell {
    over: mpsc::UnboundedSender<Over>,
    job: u64,
    kept: Option<Box<Kept>>,
}

impl Drop for Farewell {
    fn drop(&mut self) {
        let _ = self.over.send(Over { job: self.job, kept: self.kept.take() });
    }
}

/// A job as the worker's document lists it; without its end, one that goes on.
fn row(begun: &Kept, ended: Option<&Kept>) -> WorkedJob {
    let outcome = match ended.map(|kept| kept.ending) {
        Some(Some(Ending::Completed)) => WorkOutcome::Succeeded,
        Some(Some(Ending::Failed { .. })) => WorkOutcome::Failed,
        Some(Some(Ending::Returned)) => WorkOutcome::Returned,
        Some(Some(Ending::Lost)) => WorkOutcome::Lost,
        Some(None) | None => WorkOutcome::Left,
    };
    let known = ended.unwrap_or(begun);
    WorkedJob {
        job: known.id(),
        ticket: known.claimed.ticket.id,
        project: known.claimed.project.name.clone(),
        outcome,
        branch: known.outcome.branch.clone(),
        commit: known.outcome.commit.clone(),
        pull_request: known.outcome.pull_request.clone(),
        reason: known.outcome.reason.clone(),
    }
}
