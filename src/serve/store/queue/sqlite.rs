//! The rows in a `SQLite` database.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params_from_iter};

use super::QueueError;
use super::rows::{JobRow, Rows, TicketRow};
use crate::report::{Happening, ProjectSettings, QueueJobKind, QueueJobState, TaskStatus};
use crate::serve::store::projects;
use crate::serve::store::tasks::{self, Change};

/// Lines of one job that are kept.
const LINES: u64 = 20_000;

pub(super) const COLUMNS: &str = "id, ticket, project, kind, state, attempt, tries, worker, fence, lease_until, ready_at, \
                                  created_at, claimed_at, finished_at, outcome";

/// One transaction.
pub(super) struct Sqlite<'a>(pub(super) &'a Transaction<'a>);

impl Rows for Sqlite<'_> {
    fn ticket(&self, id: u64) -> Result<TicketRow, QueueError> {
        let task = tasks::one(self.0, id)?;
        Ok(TicketRow { status: task.status, project: task.project })
    }

    fn set_status(&self, id: u64, status: TaskStatus) -> Result<Vec<Happening>, QueueError> {
        let change = Change { status: Some(status), ..Change::default() };
        Ok(tasks::change(self.0, id, change)?.1)
    }

    fn note(&self, ticket: u64, text: &str) -> Result<Vec<Happening>, QueueError> {
        Ok(tasks::add_note(self.0, ticket, text)?.1)
    }

    fn set_pull_request(&self, ticket: u64, url: &str) -> Result<(), QueueError> {
        self.0.execute("UPDATE tasks SET pull_request = ?2 WHERE id = ?1", (ticket, url))?;
        Ok(())
    }

    fn settings(&self, project: u64) -> Result<ProjectSettings, QueueError> {
        Ok(projects::one(self.0, &project.to_string())?.settings)
    }

    fn job(&self, id: u64) -> Result<Option<JobRow>, QueueError> {
        one(self.0, "id = ?1", [Value::from(integer(id))])
    }

    fn live_job(&self, ticket: u64) -> Result<Option<JobRow>, QueueError> {
        let live = "ticket = ?1 AND state IN ('pending', 'claimed', 'running', 'verifying')";
        one(self.0, live, [Value::from(integer(ticket))])
    }

    fn attempts(&self, ticket: u64) -> Result<u32, QueueError> {
        let mut statement = self.0.prepare("SELECT coalesce(max(attempt), 0) FROM queue_jobs WHERE ticket = ?1")?;
        Ok(statement.query_row([ticket], |row| row.get(0))?)
    }

    fn insert(&self, job: &JobRow) -> Result<u64, QueueError> {
        let mut statement = self.0.prepare(
            "INSERT INTO queue_jobs (ticket, project, kind, state, attempt, tries, ready_at, created_at, outcome)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?;
        let outcome = serde_json::to_string(&job.outcome).unwrap_or_default();
        let (kind, state) = (job.kind.as_str(), job.state.as_str());
        statement.execute((
            job.ticket,
            job.project,
            kind,
            state,
            job.attempt,
            job.tries,
            job.ready_at,
            job.created_at,
            outcome,
        ))?;
        Ok(u64::try_from(self.0.last_insert_rowid()).unwrap_or_default())
    }

    fn save(&self, job: &JobRow, before: QueueJobState) -> Result<bool, QueueError> {
        let mut statement = self.0.prepare(
            "UPDATE queue_jobs SET state = ?3, worker = ?4, fence = ?5, lease_until = ?6, claimed_at = ?7,
             finished_at = ?8, outcome = ?9, ready_at = ?10 WHERE id = ?1 AND state = ?2",
        )?;
        let outcome = serde_json::to_string(&job.outcome).unwrap_or_default();
        let changed = statement.execute((
            job.id,
            before.as_str(),
            job.state.as_str(),
            &job.worker,
            job.fence,
            job.lease_until,
            job.claimed_at,
            job.finished_at,
            outcome,
            job.ready_at,
        ))?;
        Ok(changed == 1)
    }

    fn claimable(&self, projects: Option<&[u64]>, now: i64) -> Result<Option<JobRow>, QueueError> {
        claimable(self.0, projects, now)
    }

    fn expired(&self, now: i64) -> Result<Vec<JobRow>, QueueError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM queue_jobs
             WHERE state IN ('claimed', 'running', 'verifying') AND lease_until < ?1 ORDER BY lease_until"
        );
        let mut statement = self.0.prepare(&sql)?;
        Ok(statement.query_map([now], row)?.collect::<Result<_, _>>()?)
    }

    fn prolong_all(&self, until: i64) -> Result<(), QueueError> {
        let sql = "UPDATE queue_jobs SET lease_until = max(lease_until, ?1)
                   WHERE state IN ('claimed', 'running', 'verifying')";
        self.0.execute(sql, [until])?;
        Ok(())
    }

    fn next_fence(&self) -> Result<u64, QueueError> {
        let mut statement = self.0.prepare("UPDATE fences SET last = last + 1 RETURNING last")?;
        Ok(statement.query_row([], |row| row.get(0))?)
    }

    fn append(&self, job: u64, lines: &[String]) -> Result<(), QueueError> {
        let mut statement = self.0.prepare("INSERT INTO job_lines (job, time, text) VALUES (?1, ?2, ?3)")?;
        let time = jiff::Timestamp::now().to_string();
        for line in lines {
            statement.execute((job, &time, line))?;
        }
        let mut statement = self.0.prepare(
            "DELETE FROM job_lines WHERE job = ?1 AND number <=
             (SELECT number FROM job_lines WHERE job = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)",
        )?;
        statement.execute((job, LINES))?;
        Ok(())
    }
}

/// The job that waits longest and may be claimed.
pub(super) fn claimable(
    connection: &Connection,
    projects: Option<&[u64]>,
    now: i64,
) -> Result<Option<JobRow>, QueueError> {
    let numbers: Vec<String> = projects.unwrap_or_default().iter().map(ToString::to_string).collect();
    let of = projects.map(|_| format!(" AND project IN ({})", numbers.join(", "))).unwrap_or_default();
    one(
        connection,
        &format!("state = 'pending' AND ready_at <= ?1{of} ORDER BY ready_at, id LIMIT 1"),
        [Value::from(now)],
    )
}

/// Whether a lease has ended.
pub(super) fn first_expired(connection: &Connection, now: i64) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM queue_jobs WHERE state IN ('claimed', 'running', 'verifying') AND lease_until < ?1)";
    connection.prepare(sql)?.query_row([now], |row| row.get(0))
}

pub(super) fn one(
    connection: &Connection,
    condition: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Option<JobRow>, QueueError> {
    let mut statement = connection.prepare(&format!("SELECT {COLUMNS} FROM queue_jobs WHERE {condition}"))?;
    Ok(statement.query_row(params_from_iter(values), row).optional()?)
}

/// A number of ours, which came from the database or was checked.
pub(super) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn row(row: &Row<'_>) -> rusqlite::Result<JobRow> {
    let (kind, state, outcome): (String, String, String) = (row.get(3)?, row.get(4)?, row.get(14)?);
    let is_review = kind == QueueJobKind::Review.as_str();
    Ok(JobRow {
        id: row.get(0)?,
        ticket: row.get(1)?,
        project: row.get(2)?,
        kind: if is_review { QueueJobKind::Review } else { QueueJobKind::Ticket },
        // a word that somebody else wrote is touched by nobody
        state: QueueJobState::ALL.into_iter().find(|it| it.as_str() == state).unwrap_or(QueueJobState::Failed),
        attempt: row.get(5)?,
        tries: row.get(6)?,
        worker: row.get(7)?,
        fence: row.get(8)?,
        lease_until: row.get(9)?,
        ready_at: row.get(10)?,
        created_at: row.get(11)?,
        claimed_at: row.get(12)?,
        finished_at: row.get(13)?,
        outcome: serde_json::from_str(&outcome).unwrap_or_default(),
    })
}
