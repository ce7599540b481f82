//! Jobs in the database: the last two hundred.

use rusqlite::{Connection, OptionalExtension, Transaction};

use super::StoreError;
use crate::report::{Happening, Job, JobState};

/// How many are kept.
const KEPT: u64 = 200;

/// The last ones, newest first.
pub(in crate::serve) fn last(connection: &Connection) -> Result<Vec<Job>, StoreError> {
    let mut statement = connection.prepare("SELECT document FROM jobs ORDER BY id DESC LIMIT 100")?;
    let documents = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    Ok(documents.iter().filter_map(|document| serde_json::from_str(document).ok()).collect())
}

/// One.
pub(in crate::serve) fn one(connection: &Connection, id: u64) -> Result<Option<Job>, StoreError> {
    let mut statement = connection.prepare("SELECT document FROM jobs WHERE id = ?1")?;
    let document: Option<String> = statement.query_row([id], |row| row.get(0)).optional()?;
    Ok(document.and_then(|document: String| serde_json::from_str(&document).ok()))
}

/// Keeps one that begins; it gets its number.
pub(in crate::serve) fn begin(
    transaction: &Transaction<'_>,
    mut job: Job,
) -> Result<(Job, Vec<Happening>), StoreError> {
    transaction.execute("INSERT INTO jobs (state, document) VALUES (?1, '')", [job.state.as_str()])?;
    job.id = u64::try_from(transaction.last_insert_rowid()).unwrap_or_default();
    transaction.execute("DELETE FROM jobs WHERE id <= ?1", [job.id.saturating_sub(KEPT)])?;
    save(transaction, &job)?;
    let happening = told(&job);
    Ok((job, vec![happening]))
}

/// Keeps one that has ended.
pub(in crate::serve) fn end(transaction: &Transaction<'_>, job: &Job) -> Result<((), Vec<Happening>), StoreError> {
    save(transaction, job)?;
    Ok(((), vec![told(job)]))
}

/// Those that a server left at work when it died have been interrupted.
pub(in crate::serve) fn interrupt_all(transaction: &Transaction<'_>) -> Result<((), Vec<Happening>), StoreError> {
    let mut statement = transaction.prepare("SELECT document FROM jobs WHERE state = 'running'")?;
    let documents = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    let mut happenings = Vec::new();
    for document in documents {
        let Ok(mut job) = serde_json::from_str::<Job>(&document) else { continue };
        job.state = JobState::Interrupted;
        job.finished_at = Some(jiff::Timestamp::now().to_string());
        save(transaction, &job)?;
        happenings.push(told(&job));
    }
    Ok(((), happenings))
}

fn save(transaction: &Transaction<'_>, job: &Job) -> rusqlite::Result<()> {
    let document = serde_json::to_string(job).unwrap_or_default();
    transaction
        .execute("UPDATE jobs SET state = ?2, document = ?3 WHERE id = ?1", (job.id, job.state.as_str(), document))?;
    Ok(())
}

fn told(job: &Job) -> Happening {
    let error = job.result.as_ref().and_then(|result| serde_json::from_value(result.get("error")?.clone()).ok());
    Happening::Job { job: job.id, verb: job.verb.clone(), agent: job.agent, state: job.state, error }
}
