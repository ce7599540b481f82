//! What happens to tickets and jobs, over any database.

use super::QueueError;
use super::rows::{JobRow, Rows};
use crate::jobs::{self, Effect, Happened, Wish};
use crate::report::{Happening, JobOutcome, QueueJobKind, QueueJobState, TaskStatus};
use crate::serve::store::sql::Sql;

/// How long a job is its worker's after each word, in seconds.
pub(super) const LEASE: u64 = 60;
pub(super) const LEASE_MS: i64 = 60_000;
/// The longest wait before another attempt, in seconds.
pub(super) const LONGEST_BACKOFF: u64 = 3600;
/// How long a job that a worker had no room for is offered to none, in milliseconds.
const ROOM_MS: i64 = 15_000;

/// Who speaks about a job: the number of its claim, and whose key was shown. A number that somebody else has learned is worth
/// nothing without the key.
#[derive(Debug, Clone)]
pub(in crate::serve) struct Holder {
    pub(in crate::serve) fence: u64,
    pub(in crate::serve) key: Option<String>,
}

impl Holder {
    fn has(&self, job: &JobRow) -> bool {
        job.fence == Some(self.fence) && job.key == self.key
    }
}

/// What a worker says about its job.
#[derive(Debug)]
pub(in crate::serve) enum Word {
    /// It is at work.
    Alive(Option<QueueJobState>, JobOutcome),
    /// It is done.
    Complete(JobOutcome),
    /// It is not done, and may be tried again.
    Fail(JobOutcome, bool),
    /// It was not begun: there is no room for it.
    Return(String),
}

/// The queue, within one transaction.
pub(super) struct Queue<'a> {
    rows: Rows<'a>,
    now: i64,
    pub(super) happenings: Vec<Happening>,
}

impl<'a> Queue<'a> {
    pub(super) fn of(sql: &'a dyn Sql) -> Result<Self, QueueError> {
        Ok(Self { rows: Rows(sql), now: sql.now()?, happenings: Vec::new() })
    }

    /// What is wanted of a ticket.
    pub(super) fn wish(&mut self, ticket: u64, wish: Wish) -> Result<(), QueueError> {
        self.wish_for(ticket, wish, QueueJobKind::Ticket)
    }

    /// A review wants something of a ticket: the job that will read it, once there is one. A job that is at work was
    /// prompted before; its end is to be waited for.
    pub(super) fn review(&mut self, ticket: u64) -> Result<Option<u64>, QueueError> {
        let status = self.rows.ticket(ticket)?.status;
        match self.rows.live_job(ticket)? {
            Some(job) => Ok((job.state == QueueJobState::Pending).then_some(job.id)),
            None if matches!(status, TaskStatus::Open | TaskStatus::Review) => {
                self.wish_for(ticket, Wish::Retry, QueueJobKind::Review)?;
                Ok(self.rows.live_job(ticket)?.map(|job| job.id))
            }
            None => Ok(None),
        }
    }

    fn wish_for(&mut self, ticket: u64, wish: Wish, kind: QueueJobKind) -> Result<(), QueueError> {
        let row = self.rows.ticket(ticket)?;
        let refused =
            |_| QueueError::Conflict(format!("ticket {ticket} is {}", crate::report::TicketState::from(row.status)));
        let (status, effect) = jobs::step(row.status, wish, row.project.is_some()).map_err(refused)?;
        if status != row.status {
            self.happenings.extend(self.rows.set_status(ticket, status)?);
        }
        self.apply_for(ticket, effect, kind)
    }

    /// What a ticket's move means for the queue.
    pub(super) fn apply(&mut self, ticket: u64, effect: Effect) -> Result<(), QueueError> {
        self.apply_for(ticket, effect, QueueJobKind::Ticket)
    }

    fn apply_for(&mut self, ticket: u64, effect: Effect, kind: QueueJobKind) -> Result<(), QueueError> {
        match effect {
            Effect::None => Ok(()),
            Effect::Enqueue => self.enqueue(ticket, kind, 1, self.now),
            Effect::CallOff => match self.rows.live_job(ticket)? {
                Some(job) => self.end(job, Happened::Cancelled, Some("the ticket was moved")).map(drop),
                None => Ok(()),
            },
        }
    }

    fn enqueue(&mut self, ticket: u64, kind: QueueJobKind, tries: u32, ready_at: i64) -> Result<(), QueueError> {
        if self.rows.live_job(ticket)?.is_some() {
            return Ok(());
        }
        let Some(project) = self.rows.ticket(ticket)?.project else { return Ok(()) };
        let mut job = JobRow {
            id: 0,
            ticket,
            project,
            kind,
            state: QueueJobState::Pending,
            attempt: self.rows.attempts(ticket)? + 1,
            tries,
            worker: None,
            key: None,
            fence: None,
            lease_until: None,
            ready_at,
            created_at: self.now,
            claimed_at: None,
            finished_at: None,
            outcome: JobOutcome::default(),
        };
        job.id = self.rows.insert(&job)?;
        self.told(&job);
        Ok(())
    }

    /// Leases that have ended: their jobs are lost and tried again, where attempts are left.
    pub(super) fn expire(&mut self) -> Result<usize, QueueError> {
        let expired = self.rows.expired(self.now)?;
        let count = expired.len();
        for job in expired {
            let worker = job.worker.clone().unwrap_or_default();
            if let Some(job) = self.end(job, Happened::Expired, Some(&format!("worker `{worker}` was lost")))? {
                self.try_again(&job, true)?;
            }
        }
        Ok(count)
    }

    /// The next job for a worker.
    pub(super) fn claim(
        &mut self,
        projects: Option<&[u64]>,
        worker: &str,
        key: Option<&str>,
    ) -> Result<Option<JobRow>, QueueError> {
        let Some(job) = self.rows.claimable(projects, self.now)? else { return Ok(None) };
        let (worker, fence) = (Some(worker.to_owned()), Some(self.rows.next_fence()?));
        let (key, lease_until) = (key.map(str::to_owned), Some(self.now + LEASE_MS));
        let job = JobRow { worker, key, fence, lease_until, claimed_at: Some(self.now), ..job };
        self.change(job, Happened::Claimed)
    }

    /// What a worker says. The job as it is then; said again of a job that ended so, it changes nothing.
    pub(super) fn say(&mut self, id: u64, holder: &Holder, word: &Word) -> Result<JobRow, QueueError> {
        let lost = || QueueError::Lost(id);
        let job = self.rows.job(id)?.filter(|job| holder.has(job)).ok_or_else(lost)?;
        match (word, job.state) {
            // the answer to the first time was not received
            (Word::Complete(_), QueueJobState::Succeeded) | (Word::Fail(..), QueueJobState::Failed) => return Ok(job),
            _ => {}
        }
        let outcome = match word {
            Word::Alive(_, outcome) | Word::Complete(outcome) | Word::Fail(outcome, _) => outcome.clone(),
            Word::Return(reason) => JobOutcome { reason: Some(reason.clone()), ..JobOutcome::default() },
        };
        let lease_until = Some(self.now + LEASE_MS);
        let mut job = JobRow { lease_until, outcome: merged(job.outcome, outcome), ..job };
        match word {
            Word::Alive(state, _) => {
                let reported = state.unwrap_or(job.state);
                self.change(job, Happened::Reported(reported))?.ok_or_else(lost)
            }
            Word::Complete(_) => {
                job.outcome.reason = None;
                let job = self.end(job, Happened::Completed, None)?.ok_or_else(lost)?;
                if let Some(url) = &job.outcome.pull_request {
                    self.rows.set_pull_request(job.ticket, url)?;
                }
                self.wish(job.ticket, Wish::Succeeded)?;
                Ok(job)
            }
            Word::Fail(_, again) => {
                let job = self.end(job, Happened::Failed, None)?.ok_or_else(lost)?;
                self.try_again(&job, *again)?;
                Ok(job)
            }
            Word::Return(_) => {
                let ready_at = self.now + ROOM_MS;
                // the same attempt: only why it waits is kept
                let outcome = JobOutcome { reason: job.outcome.reason.take(), ..JobOutcome::default() };
                let state = job.state;
                let job = JobRow { ready_at, outcome, worker: None, key: None, fence: None, lease_until: None, ..job };
                let begun = || format!("job {id} is {state}: only one that has not begun can be given back");
                let refusal = || if state.is_leased() { QueueError::Conflict(begun()) } else { lost() };
                self.change(JobRow { claimed_at: None, ..job }, Happened::Returned)?.ok_or_else(refusal)
            }
        }
    }

    /// Lines for the log of a job whose lease holds; they do not prolong it.
    pub(super) fn log(&mut self, id: u64, holder: &Holder, lines: &[String]) -> Result<(), QueueError> {
        let job = self.rows.job(id)?.filter(|job| holder.has(job) && job.state.is_leased());
        job.ok_or(QueueError::Lost(id))?;
        self.rows.append(id, lines)
    }

    /// Calls a job off; its ticket goes back.
    pub(super) fn cancel(&mut self, id: u64) -> Result<JobRow, QueueError> {
        let job = self.rows.job(id)?.ok_or(QueueError::NoJob(id))?;
        let state = job.state;
        let over = || QueueError::Conflict(format!("job {id} is {state} already"));
        let job = self.end(job, Happened::Cancelled, Some("it was called off"))?.ok_or_else(over)?;
        self.wish(job.ticket, Wish::GaveUp)?;
        Ok(job)
    }

    fn try_again(&mut self, job: &JobRow, again: bool) -> Result<(), QueueError> {
        let settings = self.rows.settings(job.project)?;
        if again && job.tries < settings.attempts {
            let factor = 1_u64 << (job.tries - 1).min(20);
            let wait = settings.backoff_s.saturating_mul(factor).min(LONGEST_BACKOFF);
            let wait = i64::try_from(wait).unwrap_or(i64::MAX) * 1000;
            return self.enqueue(job.ticket, job.kind, job.tries + 1, self.now + wait);
        }
        let reason = job.outcome.reason.as_deref().unwrap_or("no reason was given");
        self.happenings.extend(self.rows.note(job.ticket, &format!("job {} {}: {reason}", job.id, job.state))?);
        self.wish(job.ticket, Wish::GaveUp)
    }

    fn end(&mut self, job: JobRow, happened: Happened, reason: Option<&str>) -> Result<Option<JobRow>, QueueError> {
        let mut job = JobRow { lease_until: None, finished_at: Some(self.now), ..job };
        if let Some(reason) = reason {
            job.outcome.reason = Some(reason.to_owned());
        }
        self.change(job, happened)
    }

    /// Lets it happen, if it can and the job is still as it was read.
    fn change(&mut self, job: JobRow, happened: Happened) -> Result<Option<JobRow>, QueueError> {
        let before = job.state;
        let Some(state) = jobs::next(before, happened) else { return Ok(None) };
        let job = JobRow { state, ..job };
        if !self.rows.save(&job, before)? {
            return Ok(None);
        }
        if state != before {
            self.told(&job);
        }
        Ok(Some(job))
    }

    fn told(&mut self, job: &JobRow) {
        let (ticket, attempt, state, worker) = (job.ticket, job.attempt, job.state, job.worker.clone());
        self.happenings.push(Happening::QueueJob { job: job.id, ticket, attempt, state, worker });
    }
}

/// What is known, with what was said now.
fn merged(known: JobOutcome, said: JobOutcome) -> JobOutcome {
    JobOutcome {
        agent: said.agent.or(known.agent),
        session: said.session.or(known.session),
        round: said.round.or(known.round),
        branch: said.branch.or(known.branch),
        commit: said.commit.or(known.commit),
        pull_request: said.pull_request.or(known.pull_request),
        summary: said.summary.or(known.summary),
        cost_usd: said.cost_usd.or(known.cost_usd),
        reason: said.reason.or(known.reason),
        verify: said.verify.or(known.verify),
    }
}
