//! The rules, each as one transaction of the store.

use super::QueueError;
use super::read::{document, ticket, ticket_of};
use super::rows::{JobRow, Rows};
use super::rules::{Holder, LEASE, LEASE_MS, LONGEST_BACKOFF, Queue, Word};
use crate::jobs::{self, Wish};
use crate::report::{BoardTask, Happening, QueueJob, TaskStatus, Ticket, WorkerJob};
use crate::serve::store::projects;
use crate::serve::store::sql::{Sql, values};
use crate::serve::store::tasks::{self, Change, NewTask};

type Changed<T> = Result<(T, Vec<Happening>), QueueError>;

/// A job that was claimed, with what its worker must know.
pub(in crate::serve) type Claimed = Option<Box<WorkerJob>>;

/// Makes a task; one that names a project and begins in progress has a job.
pub(in crate::serve) fn create(sql: &dyn Sql, new: NewTask) -> Changed<BoardTask> {
    let (task, mut happenings) = tasks::create(sql, new)?;
    happenings.extend(moved(sql, &task, TaskStatus::Open)?);
    Ok((task, happenings))
}

/// Changes a task, and does to the queue what its move means.
pub(in crate::serve) fn change(sql: &dyn Sql, id: u64, change: Change) -> Changed<BoardTask> {
    let known = tasks::one(sql, id)?;
    // one that gets its project now begins now
    let before = if known.project.is_none() { TaskStatus::Open } else { known.status };
    let (task, mut happenings) = tasks::change(sql, id, change)?;
    happenings.extend(moved(sql, &task, before)?);
    Ok((task, happenings))
}

fn moved(sql: &dyn Sql, task: &BoardTask, before: TaskStatus) -> Result<Vec<Happening>, QueueError> {
    let effect = jobs::step(before, Wish::Move(task.status), task.project.is_some());
    let mut queue = Queue::of(sql)?;
    if let Ok((_, effect)) = effect {
        queue.apply(task.id, effect)?;
    }
    Ok(queue.happenings)
}

/// Approves a ticket.
pub(in crate::serve) fn approve(sql: &dyn Sql, id: u64) -> Changed<Ticket> {
    wished(sql, id, Wish::Approve)
}

fn wished(sql: &dyn Sql, id: u64, wish: Wish) -> Changed<Ticket> {
    let mut queue = Queue::of(sql)?;
    queue.wish(id, wish)?;
    let happenings = queue.happenings;
    Ok((ticket(sql, id)?, happenings))
}

/// The job that reads what a review says of a ticket, once there is one.
pub(in crate::serve) fn review(sql: &dyn Sql, ticket: u64) -> Changed<Option<u64>> {
    let mut queue = Queue::of(sql)?;
    let job = queue.review(ticket)?;
    Ok((job, queue.happenings))
}

/// Another attempt at the ticket of a job that is over; the ticket's live job, where there is one already.
pub(in crate::serve) fn retry(sql: &dyn Sql, id: u64) -> Changed<QueueJob> {
    let of = Rows(sql).job(id)?.ok_or(QueueError::NoJob(id))?.ticket;
    let (_, happenings) = wished(sql, of, Wish::Retry)?;
    let live = Rows(sql).live_job(of)?.ok_or(QueueError::NoJob(id))?;
    Ok((document(&live), happenings))
}

/// Calls a job off.
pub(in crate::serve) fn cancel(sql: &dyn Sql, id: u64) -> Changed<QueueJob> {
    let mut queue = Queue::of(sql)?;
    let job = queue.cancel(id)?;
    Ok((document(&job), queue.happenings))
}

/// Ends the leases that have ended; how many.
pub(in crate::serve) fn expire(sql: &dyn Sql) -> Changed<usize> {
    let mut queue = Queue::of(sql)?;
    let count = queue.expire()?;
    Ok((count, queue.happenings))
}

/// The clock of the queue, and whether a lease has ended by it.
pub(in crate::serve) fn clock(sql: &dyn Sql) -> Result<(i64, bool), QueueError> {
    let now = sql.now()?;
    let first = sql.first(
        "SELECT id FROM queue_jobs WHERE state IN ('claimed', 'running', 'verifying') AND lease_until < ?1 LIMIT 1",
        values![now],
    )?;
    Ok((now, first.is_some()))
}

/// Begins every lease again: a server that did not run, or had no database, could hear no worker. What waits for a time
/// that a clock which was put back has far before it, waits no more.
pub(in crate::serve) fn prolong_all(sql: &dyn Sql) -> Changed<()> {
    let now = sql.now()?;
    let leased = "UPDATE queue_jobs SET lease_until = ?1 WHERE state IN ('claimed', 'running', 'verifying')";
    sql.execute(leased, values![now + LEASE_MS])?;
    let late = now + i64::try_from(LONGEST_BACKOFF * 1000).unwrap_or(i64::MAX);
    sql.execute("UPDATE queue_jobs SET ready_at = ?1 WHERE state = 'pending' AND ready_at > ?2", values![now, late])?;
    Ok(((), Vec::new()))
}

/// Claims the next job.
pub(in crate::serve) fn claim(
    sql: &dyn Sql,
    projects: Option<&[u64]>,
    worker: &str,
    key: Option<&str>,
) -> Changed<Claimed> {
    let mut queue = Queue::of(sql)?;
    let Some(job) = queue.claim(projects, worker, key)? else { return Ok((None, queue.happenings)) };
    let happenings = queue.happenings;
    Ok((Some(Box::new(context(sql, &job)?)), happenings))
}

fn context(sql: &dyn Sql, job: &JobRow) -> Result<WorkerJob, QueueError> {
    Ok(WorkerJob {
        schema: "harness/worker-job/1".to_owned(),
        job: document(job),
        fence: job.fence.unwrap_or_default(),
        lease_s: LEASE,
        ticket: ticket_of(sql, job)?,
        project: projects::one(sql, &job.project.to_string())?,
    })
}

/// Takes what a worker says.
pub(in crate::serve) fn say(sql: &dyn Sql, id: u64, holder: &Holder, word: &Word) -> Changed<QueueJob> {
    let mut queue = Queue::of(sql)?;
    let job = queue.say(id, holder, word)?;
    Ok((document(&job), queue.happenings))
}

/// Takes lines of a worker's log.
pub(in crate::serve) fn log(sql: &dyn Sql, id: u64, holder: &Holder, lines: &[String]) -> Changed<()> {
    let mut queue = Queue::of(sql)?;
    queue.log(id, holder, lines)?;
    Ok(((), queue.happenings))
}
