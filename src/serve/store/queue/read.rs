//! Documents of the queue.

use super::QueueError;
use super::rows::{COLUMNS, JobRow, one, row};
use crate::report::{BoardTask, JobLine, ProjectName, QueueHealth, QueueJob, QueueJobState, Ticket, TicketState};
use crate::serve::store::StoreError;
use crate::serve::store::sql::{Row, Sql, values};
use crate::serve::store::tasks::{self, TaskError};

/// Jobs of a list.
const LISTED: u64 = 200;
/// Jobs by whose waits the latency is told.
const MEASURED: u64 = 500;

/// Which jobs.
#[derive(Debug, Clone, Default)]
pub(in crate::serve) struct Filter {
    pub(in crate::serve) ticket: Option<u64>,
    pub(in crate::serve) state: Option<QueueJobState>,
}

/// The last jobs, newest first.
pub(in crate::serve) fn jobs(sql: &dyn Sql, filter: &Filter) -> Result<Vec<QueueJob>, QueueError> {
    let ticket = filter.ticket.map_or_else(String::new, |ticket| format!(" AND ticket = {ticket}"));
    let state = filter.state.map_or_else(String::new, |state| format!(" AND state = '{}'", state.as_str()));
    let all = format!("SELECT {COLUMNS} FROM queue_jobs WHERE true{ticket}{state} ORDER BY id DESC LIMIT {LISTED}");
    let rows = sql.query(&all, &[])?.iter().map(row).collect::<Result<Vec<_>, _>>()?;
    Ok(rows.iter().map(document).collect())
}

/// One job.
pub(in crate::serve) fn job(sql: &dyn Sql, id: u64) -> Result<QueueJob, QueueError> {
    let found = one(sql, "id = ?1", values![id])?;
    found.as_ref().map(document).ok_or(QueueError::NoJob(id))
}

/// The last lines of a job's log after a number, oldest first.
pub(in crate::serve) fn lines(sql: &dyn Sql, job: u64, after: u64, most: u64) -> Result<Vec<JobLine>, QueueError> {
    self::job(sql, job)?;
    let rows = sql.query(
        "SELECT number, time, text FROM job_lines WHERE job = ?1 AND number > ?2 ORDER BY number DESC LIMIT ?3",
        values![job, after, most],
    )?;
    let line = |row: &Row| Ok::<_, StoreError>(JobLine { number: row.get(0)?, time: row.get(1)?, text: row.get(2)? });
    Ok(rows.iter().rev().map(line).collect::<Result<_, _>>()?)
}

/// Tickets in these states, or all; tasks without a project among them.
pub(in crate::serve) fn tickets(sql: &dyn Sql, states: &[TicketState]) -> Result<Vec<Ticket>, QueueError> {
    let wanted = |task: &BoardTask| states.is_empty() || states.contains(&TicketState::from(task.status));
    let tasks = tasks::all(sql)?.into_iter().filter(wanted);
    tasks.map(|task| with_last_job(sql, task)).collect()
}

/// One ticket.
pub(in crate::serve) fn ticket(sql: &dyn Sql, id: u64) -> Result<Ticket, QueueError> {
    with_last_job(sql, tasks::one(sql, id)?)
}

/// The ticket of its live job, which is its last one.
pub(super) fn ticket_of(sql: &dyn Sql, job: &JobRow) -> Result<Ticket, QueueError> {
    of_task(sql, tasks::one(sql, job.ticket)?, Some(job))
}

fn with_last_job(sql: &dyn Sql, task: BoardTask) -> Result<Ticket, QueueError> {
    let last = one(sql, "ticket = ?1 ORDER BY id DESC LIMIT 1", values![task.id])?;
    of_task(sql, task, last.as_ref())
}

fn of_task(sql: &dyn Sql, task: BoardTask, last: Option<&JobRow>) -> Result<Ticket, QueueError> {
    let more = sql.first(
        "SELECT tasks.pull_request, projects.id, projects.name, issues.url
         FROM tasks LEFT JOIN projects ON projects.id = tasks.project
         LEFT JOIN issues ON issues.ticket = tasks.id WHERE tasks.id = ?1",
        values![task.id],
    )?;
    let more = more.ok_or(TaskError::Missing(task.id))?;
    let (id, name): (Option<u64>, Option<String>) = (more.get(1)?, more.get(2)?);
    let project = id.zip(name).map(|(id, name)| ProjectName { id, name });
    Ok(Ticket {
        schema: "harness/ticket/1".to_owned(),
        id: task.id,
        title: task.title,
        text: task.text,
        state: task.status.into(),
        project,
        notes: task.notes,
        job: last.map(document),
        pull_request: more.get(0)?,
        issue: more.get(3)?,
        created_at: task.created_at,
        updated_at: task.updated_at,
    })
}

/// How the queue is.
pub(in crate::serve) fn health(sql: &dyn Sql) -> Result<QueueHealth, QueueError> {
    // word for word what the indexes say: others would count all rows
    let count = |condition: &str| -> Result<u64, StoreError> {
        sql.one(&format!("SELECT count(*) FROM queue_jobs WHERE state {condition}"), &[])
    };
    let mut waits: Vec<i64> = sql.column(
        "SELECT claimed_at - ready_at FROM queue_jobs WHERE claimed_at IS NOT NULL ORDER BY claimed_at DESC LIMIT ?1",
        values![MEASURED],
    )?;
    waits.sort_unstable();
    let slow = waits.get((waits.len() * 95 / 100).min(waits.len().saturating_sub(1)));
    Ok(QueueHealth {
        status: "healthy".to_owned(),
        tmux_service: true,
        pending_count: count("= 'pending'")?,
        active_count: count("IN ('claimed', 'running', 'verifying')")?,
        completed_count: count("= 'succeeded'")?,
        latency_p95_ms: slow.and_then(|wait| u64::try_from(*wait).ok()),
    })
}

/// A job for people.
pub(super) fn document(job: &JobRow) -> QueueJob {
    let time = |at: i64| jiff::Timestamp::from_millisecond(at).unwrap_or_default().to_string();
    QueueJob {
        schema: "harness/queue-job/1".to_owned(),
        id: job.id,
        ticket: job.ticket,
        project: job.project,
        kind: job.kind,
        state: job.state,
        attempt: job.attempt,
        worker: job.worker.clone(),
        lease_until: job.lease_until.map(time),
        ready_at: time(job.ready_at),
        created_at: time(job.created_at),
        claimed_at: job.claimed_at.map(time),
        finished_at: job.finished_at.map(time),
        outcome: job.outcome.clone(),
    }
}
