//! The rules, each as one transaction of the store.

use rusqlite::{Connection, Transaction};

use super::QueueError;
use super::read::{document, ticket};
use super::rows::{JobRow, Rows as _};
use super::rules::{LEASE, Queue, Word};
use super::sqlite::{Sqlite, claimable, first_expired};
use crate::jobs::{self, Wish};
use crate::report::{BoardTask, Happening, QueueJob, TaskStatus, Ticket, WorkerJob};
use crate::serve::store::projects;
use crate::serve::store::tasks::{self, Change, NewTask};

type Changed<T> = Result<(T, Vec<Happening>), QueueError>;

/// A job that was claimed, with what its worker must know.
pub(in crate::serve) type Claimed = Option<Box<WorkerJob>>;

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// Makes a task; one that names a project and begins in progress has a job.
pub(in crate::serve) fn create(transaction: &Transaction<'_>, new: NewTask) -> Changed<BoardTask> {
    let (task, mut happenings) = tasks::create(transaction, new)?;
    happenings.extend(moved(transaction, &task, TaskStatus::Open)?);
    Ok((task, happenings))
}

/// Changes a task, and does to the queue what its move means.
pub(in crate::serve) fn change(transaction: &Transaction<'_>, id: u64, change: Change) -> Changed<BoardTask> {
    let known = tasks::one(transaction, id)?;
    // one that gets its project now begins now
    let before = if known.project.is_none() { TaskStatus::Open } else { known.status };
    let (task, mut happenings) = tasks::change(transaction, id, change)?;
    happenings.extend(moved(transaction, &task, before)?);
    Ok((task, happenings))
}

fn moved(transaction: &Transaction<'_>, task: &BoardTask, before: TaskStatus) -> Result<Vec<Happening>, QueueError> {
    let effect = jobs::step(before, Wish::Move(task.status), task.project.is_some());
    let rows = Sqlite(transaction);
    let mut queue = Queue::new(&rows, now());
    if let Ok((_, effect)) = effect {
        queue.apply(task.id, effect)?;
    }
    Ok(queue.happenings)
}

/// Approves a ticket.
pub(in crate::serve) fn approve(transaction: &Transaction<'_>, id: u64) -> Changed<Ticket> {
    wished(transaction, id, Wish::Approve)
}

fn wished(transaction: &Transaction<'_>, id: u64, wish: Wish) -> Changed<Ticket> {
    let rows = Sqlite(transaction);
    let mut queue = Queue::new(&rows, now());
    queue.wish(id, wish)?;
    let happenings = queue.happenings;
    Ok((ticket(transaction, id)?, happenings))
}

/// Another attempt at the ticket of a job that is over; the ticket's live job, where there is one already.
pub(in crate::serve) fn retry(transaction: &Transaction<'_>, id: u64) -> Changed<QueueJob> {
    let of = Sqlite(transaction).job(id)?.ok_or(QueueError::NoJob(id))?.ticket;
    let (_, happenings) = wished(transaction, of, Wish::Retry)?;
    let live = Sqlite(transaction).live_job(of)?.ok_or(QueueError::NoJob(id))?;
    Ok((document(&live), happenings))
}

/// Calls a job off.
pub(in crate::serve) fn cancel(transaction: &Transaction<'_>, id: u64) -> Changed<QueueJob> {
    let rows = Sqlite(transaction);
    let mut queue = Queue::new(&rows, now());
    let job = queue.cancel(id)?;
    Ok((document(&job), queue.happenings))
}

/// Ends the leases that have ended; how many.
pub(in crate::serve) fn expire(transaction: &Transaction<'_>) -> Changed<usize> {
    let rows = Sqlite(transaction);
    let mut queue = Queue::new(&rows, now());
    let count = queue.expire()?;
    Ok((count, queue.happenings))
}

/// Whether a lease has ended.
pub(in crate::serve) fn has_expired(connection: &Connection) -> Result<bool, QueueError> {
    Ok(first_expired(connection, now())?)
}

/// Prolongs every lease: a server that did not run could hear no worker.
pub(in crate::serve) fn prolong_all(transaction: &Transaction<'_>) -> Changed<()> {
    let lease = i64::try_from(LEASE * 1000).unwrap_or(i64::MAX);
    Sqlite(transaction).prolong_all(now() + lease)?;
    Ok(((), Vec::new()))
}

/// Whether there is a job to claim.
pub(in crate::serve) fn is_claimable(connection: &Connection, projects: Option<&[u64]>) -> Result<bool, QueueError> {
    Ok(claimable(connection, projects, now())?.is_some())
}

/// Claims the next job.
pub(in crate::serve) fn claim(
    transaction: &Transaction<'_>,
    projects: Option<&[u64]>,
    worker: &str,
) -> Changed<Claimed> {
    let rows = Sqlite(transaction);
    let mut queue = Queue::new(&rows, now());
    let Some(job) = queue.claim(projects, worker)? else { return Ok((None, queue.happenings)) };
    let happenings = queue.happenings;
    Ok((Some(Box::new(context(transaction, &job)?)), happenings))
}

fn context(transaction: &Transaction<'_>, job: &JobRow) -> Result<WorkerJob, QueueError> {
    Ok(WorkerJob {
        schema: "harness/worker-job/1".to_owned(),
        job: document(job),
        fence: job.fence.unwrap_or_default(),
        lease_s: LEASE,
        ticket: ticket(transaction, job.ticket)?,
        project: projects::one(transaction, &job.project.to_string())?,
    })
}

/// Takes what a worker says.
pub(in crate::serve) fn say(transaction: &Transaction<'_>, id: u64, fence: u64, word: &Word) -> Changed<QueueJob> {
    let rows = Sqlite(transaction);
    let mut queue = Queue::new(&rows, now());
    let job = queue.say(id, fence, word)?;
    Ok((document(&job), queue.happenings))
}

/// Takes lines of a worker's log.
pub(in crate::serve) fn log(transaction: &Transaction<'_>, id: u64, fence: u64, lines: &[String]) -> Changed<()> {
    let rows = Sqlite(transaction);
    let mut queue = Queue::new(&rows, now());
    queue.log(id, fence, lines)?;
    Ok(((), queue.happenings))
}
