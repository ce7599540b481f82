//! Jobs in the database, and what the rules need of it besides. Times are milliseconds since 1970.

use super::QueueError;
use crate::report::{Happening, JobOutcome, ProjectSettings, QueueJobKind, QueueJobState, TaskStatus};
use crate::serve::store::sql::{Row, Sql, Value, values};
use crate::serve::store::tasks::{self, Change};
use crate::serve::store::{StoreError, projects};

/// Lines of one job that are kept.
const LINES: u64 = 20_000;

pub(super) const COLUMNS: &str = "id, ticket, project, kind, state, attempt, tries, worker, fence, lease_until, ready_at, \
                                  created_at, claimed_at, finished_at, outcome, key";

/// That a job may be claimed at a time, `?1`.
const READY: &str = "state = 'pending' AND ready_at <= ?1";

/// A job as it is kept.
#[derive(Debug, Clone)]
pub(super) struct JobRow {
    pub(super) id: u64,
    pub(super) ticket: u64,
    pub(super) project: u64,
    pub(super) kind: QueueJobKind,
    pub(super) state: QueueJobState,
    /// Which attempt at the ticket it is.
    pub(super) attempt: u32,
    /// Which attempt it is since a person last asked for one.
    pub(super) tries: u32,
    pub(super) worker: Option<String>,
    /// Whose key it was claimed with; none with the token of the home.
    pub(super) key: Option<String>,
    pub(super) fence: Option<u64>,
    pub(super) lease_until: Option<i64>,
    pub(super) ready_at: i64,
    pub(super) created_at: i64,
    pub(super) claimed_at: Option<i64>,
    pub(super) finished_at: Option<i64>,
    pub(super) outcome: JobOutcome,
}

/// What the rules need of a ticket.
#[derive(Debug, Clone, Copy)]
pub(super) struct TicketRow {
    pub(super) status: TaskStatus,
    pub(super) project: Option<u64>,
}

/// One transaction. What it reads to change it is kept from others until its end.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a>(pub(super) &'a dyn Sql);

impl Rows<'_> {
    /// A ticket, or a task without a project.
    pub(super) fn ticket(self, id: u64) -> Result<TicketRow, QueueError> {
        let task = tasks::one(self.0, id)?;
        Ok(TicketRow { status: task.status, project: task.project })
    }

    /// Moves a ticket behind the others of a status.
    pub(super) fn set_status(self, id: u64, status: TaskStatus) -> Result<Vec<Happening>, QueueError> {
        let change = Change { status: Some(status), ..Change::default() };
        Ok(tasks::change(self.0, id, change)?.1)
    }

    /// Adds a note to a ticket.
    pub(super) fn note(self, ticket: u64, text: &str) -> Result<Vec<Happening>, QueueError> {
        Ok(tasks::add_note(self.0, ticket, text)?.1)
    }

    /// Keeps the URL of a ticket's pull request.
    pub(super) fn set_pull_request(self, ticket: u64, url: &str) -> Result<(), QueueError> {
        self.0.execute("UPDATE tasks SET pull_request = ?2 WHERE id = ?1", values![ticket, url])?;
        Ok(())
    }

    /// The settings of a project.
    pub(super) fn settings(self, project: u64) -> Result<ProjectSettings, QueueError> {
        Ok(projects::one(self.0, &project.to_string())?.settings)
    }

    /// A job.
    pub(super) fn job(self, id: u64) -> Result<Option<JobRow>, QueueError> {
        one(self.0, &format!("id = ?1{}", self.0.for_update()), values![id])
    }

    /// The job of a ticket that is not over.
    pub(super) fn live_job(self, ticket: u64) -> Result<Option<JobRow>, QueueError> {
        let live = "ticket = ?1 AND state IN ('pending', 'claimed', 'running', 'verifying')";
        one(self.0, &format!("{live}{}", self.0.for_update()), values![ticket])
    }

    /// How many attempts at a ticket there were.
    pub(super) fn attempts(self, ticket: u64) -> Result<u32, QueueError> {
        Ok(self.0.one("SELECT coalesce(max(attempt), 0) FROM queue_jobs WHERE ticket = ?1", values![ticket])?)
    }

    /// Keeps a new job; its number.
    pub(super) fn insert(self, job: &JobRow) -> Result<u64, QueueError> {
        let outcome = serde_json::to_string(&job.outcome).unwrap_or_default();
        let id = self.0.one(
            "INSERT INTO queue_jobs (ticket, project, kind, state, attempt, tries, ready_at, created_at, outcome)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) RETURNING id",
            values![
                job.ticket,
                job.project,
                job.kind.as_str(),
                job.state.as_str(),
                job.attempt,
                job.tries,
                job.ready_at,
                job.created_at,
                outcome
            ],
        )?;
        Ok(id)
    }

    /// Keeps a job that is there, if its state is still the one that it had.
    pub(super) fn save(self, job: &JobRow, before: QueueJobState) -> Result<bool, QueueError> {
        let outcome = serde_json::to_string(&job.outcome).unwrap_or_default();
        let changed = self.0.execute(
            "UPDATE queue_jobs SET state = ?3, worker = ?4, fence = ?5, lease_until = ?6, claimed_at = ?7,
             finished_at = ?8, outcome = ?9, ready_at = ?10, key = ?11 WHERE id = ?1 AND state = ?2",
            values![
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
                &job.key
            ],
        )?;
        Ok(changed == 1)
    }

    /// The job that waits longest and may be claimed now; of these projects, where some are named. Not one that somebody
    /// else is about to claim.
    pub(super) fn claimable(self, projects: Option<&[u64]>, now: i64) -> Result<Option<JobRow>, QueueError> {
        let lock = self.0.skip_locked();
        match projects {
            None => one(self.0, &format!("{READY} ORDER BY ready_at, id LIMIT 1{lock}"), values![now]),
            Some(projects) => self.claimable_of(projects, now),
        }
    }

    /// The same of some projects, each by its own index: thousands of jobs of others may wait before theirs.
    fn claimable_of(self, projects: &[u64], now: i64) -> Result<Option<JobRow>, QueueError> {
        let first =
            format!("SELECT ready_at, id FROM queue_jobs WHERE {READY} AND project = ?2 ORDER BY ready_at, id LIMIT 1");
        let mut order = Vec::new();
        for project in projects {
            // a row that is locked and not claimed would be passed over by others
            if let Some(row) = self.0.first(&first, values![now, *project])? {
                order.push((row.get::<i64>(0)?, row.get::<u64>(1)?, *project));
            }
        }
        order.sort_unstable();
        let lock = self.0.skip_locked();
        for (.., project) in order {
            let of = format!("{READY} AND project = ?2 ORDER BY ready_at, id LIMIT 1{lock}");
            if let Some(job) = one(self.0, &of, values![now, project])? {
                return Ok(Some(job));
            }
        }
        Ok(None)
    }

    /// Jobs whose lease has ended, except those whose workers are speaking.
    pub(super) fn expired(self, now: i64) -> Result<Vec<JobRow>, QueueError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM queue_jobs WHERE state IN ('claimed', 'running', 'verifying') AND lease_until < ?1
             ORDER BY lease_until{}",
            self.0.skip_locked()
        );
        Ok(self.0.query(&sql, values![now])?.iter().map(row).collect::<Result<_, _>>()?)
    }

    /// A number that is higher than all before.
    pub(super) fn next_fence(self) -> Result<u64, QueueError> {
        Ok(self.0.one(self.0.next_fence(), &[])?)
    }

    /// Keeps lines of a job's log.
    pub(super) fn append(self, job: u64, lines: &[String]) -> Result<(), QueueError> {
        let time = jiff::Timestamp::now().to_string();
        for line in lines {
            self.0.execute("INSERT INTO job_lines (job, time, text) VALUES (?1, ?2, ?3)", values![job, &time, line])?;
        }
        self.0.execute(
            "DELETE FROM job_lines WHERE job = ?1 AND number <=
             (SELECT number FROM job_lines WHERE job = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)",
            values![job, LINES],
        )?;
        Ok(())
    }
}

pub(super) fn one(sql: &dyn Sql, condition: &str, values: &[Value]) -> Result<Option<JobRow>, QueueError> {
    let found = sql.first(&format!("SELECT {COLUMNS} FROM queue_jobs WHERE {condition}"), values)?;
    Ok(found.as_ref().map(row).transpose()?)
}

pub(super) fn row(row: &Row) -> Result<JobRow, StoreError> {
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
        key: row.get(15)?,
        fence: row.get(8)?,
        lease_until: row.get(9)?,
        ready_at: row.get(10)?,
        created_at: row.get(11)?,
        claimed_at: row.get(12)?,
        finished_at: row.get(13)?,
        outcome: serde_json::from_str(&outcome).unwrap_or_default(),
    })
}
