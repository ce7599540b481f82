//! Projects in the database.

use rusqlite::{Connection, OptionalExtension, Row, Transaction};

use super::StoreError;
use crate::report::{Happening, ProjectSettings, QueueProject};

/// Why a project is not changed.
#[derive(Debug)]
pub(in crate::serve) enum ProjectError {
    /// There is none of this name or number.
    Missing(String),
    /// There is one of this name already.
    Taken(String),
    /// Tickets name it.
    InUse(String),
    Store(StoreError),
}

impl From<StoreError> for ProjectError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<rusqlite::Error> for ProjectError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(StoreError::Failed(error))
    }
}

type Changed<T> = Result<(T, Vec<Happening>), ProjectError>;

const COLUMNS: &str = "id, name, settings, created_at";

/// All, by name.
pub(in crate::serve) fn all(connection: &Connection) -> Result<Vec<QueueProject>, ProjectError> {
    let mut statement = connection.prepare(&format!("SELECT {COLUMNS} FROM projects ORDER BY name"))?;
    Ok(statement.query_map([], project)?.collect::<Result<_, _>>()?)
}

/// One, by number or name.
pub(in crate::serve) fn one(connection: &Connection, word: &str) -> Result<QueueProject, ProjectError> {
    let sql = format!("SELECT {COLUMNS} FROM projects WHERE name = ?1 OR id = ?2 ORDER BY name = ?1 DESC LIMIT 1");
    let mut statement = connection.prepare(&sql)?;
    let found = statement.query_row((word, word.parse::<i64>().ok()), project).optional()?;
    found.ok_or_else(|| ProjectError::Missing(word.to_owned()))
}

/// Makes one.
pub(in crate::serve) fn create(
    transaction: &Transaction<'_>,
    name: &str,
    settings: &ProjectSettings,
) -> Changed<QueueProject> {
    let text = serde_json::to_string(settings).unwrap_or_default();
    let made = transaction.execute(
        "INSERT INTO projects (name, settings, created_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        (name, text, jiff::Timestamp::now().to_string()),
    )?;
    if made == 0 {
        return Err(ProjectError::Taken(name.to_owned()));
    }
    Ok((one(transaction, &transaction.last_insert_rowid().to_string())?, Vec::new()))
}

/// Gives one other settings.
pub(in crate::serve) fn change(
    transaction: &Transaction<'_>,
    id: u64,
    settings: &ProjectSettings,
) -> Changed<QueueProject> {
    let text = serde_json::to_string(settings).unwrap_or_default();
    transaction.execute("UPDATE projects SET settings = ?2 WHERE id = ?1", (id, text))?;
    Ok((one(transaction, &id.to_string())?, Vec::new()))
}

/// Removes one that no ticket names.
pub(in crate::serve) fn remove(transaction: &Transaction<'_>, word: &str) -> Changed<QueueProject> {
    let found = one(transaction, word)?;
    let tickets: u64 =
        transaction.query_row("SELECT count(*) FROM tasks WHERE project = ?1", [found.id], |row| row.get(0))?;
    if tickets > 0 {
        return Err(ProjectError::InUse(found.name));
    }
    transaction.execute("DELETE FROM projects WHERE id = ?1", [found.id])?;
    Ok((found, Vec::new()))
}

fn project(row: &Row<'_>) -> rusqlite::Result<QueueProject> {
    let settings: String = row.get(2)?;
    Ok(QueueProject {
        schema: "harness/project/1".to_owned(),
        id: row.get(0)?,
        name: row.get(1)?,
        settings: serde_json::from_str(&settings).unwrap_or_default(),
        created_at: row.get(3)?,
    })
}
