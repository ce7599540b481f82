//! Review comments on pull requests of jobs: each reopens the ticket of its pull request, once, and is answered.
//!
//! A comment is a note of the ticket, which the next job reads. One that comes while a job is at work waits until that has
//! ended.

use super::StoreError;
use super::projects;
use super::queue::{self, QueueError};
use super::sources::repository_of;
use super::sql::{Row, Sql, values};
use super::tasks;
use crate::report::{Happening, JobOutcome, QueueJobState, QueueProject, TaskStatus};

/// A comment as it was heard of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::serve) struct ReviewComment {
    /// Its number.
    pub(in crate::serve) number: u64,
    /// The number of the pull request.
    pub(in crate::serve) pull: u64,
    /// The page of the pull request.
    pub(in crate::serve) page: String,
    /// The comment as a note.
    pub(in crate::serve) text: String,
}

/// What a comment has to be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::serve) struct Unanswered {
    pub(in crate::serve) repository: String,
    pub(in crate::serve) number: u64,
    pub(in crate::serve) pull: u64,
    pub(in crate::serve) ticket: u64,
    pub(in crate::serve) project: u64,
    pub(in crate::serve) job: u64,
    /// `working`, `done` or `failed`.
    pub(in crate::serve) word: &'static str,
    /// What somebody began to answer and may have answered.
    pub(in crate::serve) begun: String,
    /// What was pushed.
    pub(in crate::serve) commit: Option<String>,
}

type Changed<T> = Result<(T, Vec<Happening>), QueueError>;

/// Takes a comment on a pull request of the project; whether there is anything new to do.
pub(in crate::serve) fn take(sql: &dyn Sql, project: &QueueProject, comment: &ReviewComment) -> Changed<bool> {
    let nothing = Ok((false, Vec::new()));
    let repository = repository_of(project);
    let known = "SELECT comment FROM reviews WHERE repository = ?1 AND comment = ?2";
    if sql.first(known, values![&repository, comment.number])?.is_some() {
        return nothing;
    }
    let found = sql.first(
        "SELECT id FROM tasks WHERE project = ?1 AND lower(pull_request) = ?2 ORDER BY id DESC LIMIT 1",
        values![project.id, comment.page.to_lowercase()],
    )?;
    let Some(found) = found else { return nothing };
    let ticket: u64 = found.get(0)?;
    if matches!(tasks::one(sql, ticket)?.status, TaskStatus::Done | TaskStatus::Cancelled) {
        return nothing;
    }
    let (_, mut happenings) = tasks::add_note(sql, ticket, &comment.text)?;
    sql.execute(
        "INSERT INTO reviews (repository, comment, pull, ticket, reported, begun) VALUES (?1, ?2, ?3, ?4, '', '')",
        values![&repository, comment.number, comment.pull, ticket],
    )?;
    happenings.extend(begin(sql, ticket)?);
    Ok((true, happenings))
}

/// Whether comments wait for the end of a job.
pub(in crate::serve) fn waits(sql: &dyn Sql) -> Result<bool, QueueError> {
    Ok(sql.first("SELECT ticket FROM reviews WHERE job IS NULL AND ticket IS NOT NULL LIMIT 1", &[])?.is_some())
}

/// Reopens the tickets whose comments wait, where no job is at work any more.
pub(in crate::serve) fn reopen(sql: &dyn Sql) -> Changed<()> {
    let waiting: Vec<u64> =
        sql.column("SELECT DISTINCT ticket FROM reviews WHERE job IS NULL AND ticket IS NOT NULL", &[])?;
    let mut happenings = Vec::new();
    for ticket in waiting {
        happenings.extend(begin(sql, ticket)?);
    }
    Ok(((), happenings))
}

/// Gives the comments of a ticket to the job that will read them.
fn begin(sql: &dyn Sql, ticket: u64) -> Result<Vec<Happening>, QueueError> {
    let (job, happenings) = queue::review(sql, ticket)?;
    if let Some(job) = job {
        sql.execute("UPDATE reviews SET job = ?2 WHERE ticket = ?1 AND job IS NULL", values![ticket, job])?;
    }
    Ok(happenings)
}

/// The comments that were not answered as their jobs are.
pub(in crate::serve) fn unanswered(sql: &dyn Sql) -> Result<Vec<Unanswered>, QueueError> {
    let rows = sql.query(
        "SELECT reviews.repository, reviews.comment, reviews.pull, tasks.id, tasks.project, last.id, last.state,
                last.outcome, reviews.begun, reviews.reported
         FROM reviews JOIN tasks ON tasks.id = reviews.ticket
         JOIN queue_jobs AS last ON last.id = (SELECT max(id) FROM queue_jobs WHERE ticket = tasks.id)
         WHERE reviews.job IS NOT NULL AND reviews.reported NOT IN ('done', 'failed') AND tasks.project IS NOT NULL
         ORDER BY reviews.repository, reviews.comment",
        &[],
    )?;
    let mut found = Vec::new();
    for row in &rows {
        let (unanswered, reported) = unanswered_of(row)?;
        found.extend((unanswered.word != reported).then_some(unanswered));
    }
    Ok(found)
}

fn unanswered_of(row: &Row) -> Result<(Unanswered, String), StoreError> {
    let (state, outcome): (String, String) = (row.get(6)?, row.get(7)?);
    let state = QueueJobState::ALL.into_iter().find(|it| it.as_str() == state);
    let word = match state {
        Some(QueueJobState::Succeeded) => "done",
        Some(state) if !state.is_over() => "working",
        _ => "failed",
    };
    let outcome: JobOutcome = serde_json::from_str(&outcome).unwrap_or_default();
    let unanswered = Unanswered {
        repository: row.get(0)?,
        number: row.get(1)?,
        pull: row.get(2)?,
        ticket: row.get(3)?,
        project: row.get(4)?,
        job: row.get(5)?,
        word,
        begun: row.get(8)?,
        commit: outcome.commit,
    };
    Ok((unanswered, row.get(9)?))
}

/// Notes that somebody begins to answer a comment.
pub(in crate::serve) fn begins(sql: &dyn Sql, answer: &Unanswered) -> Changed<()> {
    set(sql, "begun", answer)
}

/// Notes that a comment was answered.
pub(in crate::serve) fn answered(sql: &dyn Sql, answer: &Unanswered) -> Changed<()> {
    set(sql, "reported", answer)
}

fn set(sql: &dyn Sql, column: &str, answer: &Unanswered) -> Changed<()> {
    sql.execute(
        &format!("UPDATE reviews SET {column} = ?3 WHERE repository = ?1 AND comment = ?2"),
        values![&answer.repository, answer.number, answer.word],
    )?;
    Ok(((), Vec::new()))
}

/// Up to when the comments of a repository are known; from now on, where it was never asked.
pub(in crate::serve) fn since(sql: &dyn Sql, repository: &str) -> Changed<String> {
    projects::count_comments_from_now(sql, repository)?;
    let known = sql.one("SELECT since FROM review_polls WHERE repository = ?1", values![repository])?;
    Ok((known, Vec::new()))
}

/// They are known up to this time.
pub(in crate::serve) fn known_until(sql: &dyn Sql, repository: &str, until: &str) -> Changed<()> {
    sql.execute("UPDATE review_polls SET since = ?2 WHERE repository = ?1", values![repository, until])?;
    Ok(((), Vec::new()))
}
