//! Projects in the database.

use super::StoreError;
use super::sql::{Row, Sql, values};
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

type Changed<T> = Result<(T, Vec<Happening>), ProjectError>;

const COLUMNS: &str = "id, name, settings, created_at";

/// All, by name.
pub(in crate::serve) fn all(sql: &dyn Sql) -> Result<Vec<QueueProject>, ProjectError> {
    let rows = sql.query(&format!("SELECT {COLUMNS} FROM projects ORDER BY name"), &[])?;
    Ok(rows.iter().map(project).collect::<Result<_, _>>()?)
}

/// One, by number or name.
pub(in crate::serve) fn one(sql: &dyn Sql, word: &str) -> Result<QueueProject, ProjectError> {
    let found = sql.first(
        &format!("SELECT {COLUMNS} FROM projects WHERE name = ?1 OR id = ?2 ORDER BY name = ?1 DESC LIMIT 1"),
        values![word, word.parse::<i64>().ok()],
    )?;
    Ok(project(&found.ok_or_else(|| ProjectError::Missing(word.to_owned()))?)?)
}

/// Makes one.
pub(in crate::serve) fn create(sql: &dyn Sql, name: &str, settings: &ProjectSettings) -> Changed<QueueProject> {
    let text = serde_json::to_string(settings).unwrap_or_default();
    let made = sql.first(
        "INSERT INTO projects (name, settings, created_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING RETURNING id",
        values![name, text, jiff::Timestamp::now().to_string()],
    )?;
    let id: u64 = made.ok_or_else(|| ProjectError::Taken(name.to_owned()))?.get(0)?;
    hear_comments(sql, settings)?;
    Ok((one(sql, &id.to_string())?, Vec::new()))
}

/// Gives one other settings.
pub(in crate::serve) fn change(sql: &dyn Sql, id: u64, settings: &ProjectSettings) -> Changed<QueueProject> {
    let text = serde_json::to_string(settings).unwrap_or_default();
    sql.execute("UPDATE projects SET settings = ?2 WHERE id = ?1", values![id, text])?;
    hear_comments(sql, settings)?;
    Ok((one(sql, &id.to_string())?, Vec::new()))
}

/// Review comments count from the moment in which they were asked for, not from the first poll after it.
fn hear_comments(sql: &dyn Sql, settings: &ProjectSettings) -> Result<(), StoreError> {
    match settings.github.as_ref().filter(|_| settings.reviews) {
        Some(repository) => count_comments_from_now(sql, &repository.to_lowercase()),
        None => Ok(()),
    }
}

/// Review comments of a repository count from now on, unless they do already.
pub(super) fn count_comments_from_now(sql: &dyn Sql, repository: &str) -> Result<(), StoreError> {
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let text = "INSERT INTO review_polls (repository, since) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    sql.execute(text, values![repository, now])?;
    Ok(())
}

/// Removes one that no ticket names.
pub(in crate::serve) fn remove(sql: &dyn Sql, word: &str) -> Changed<QueueProject> {
    let found = one(sql, word)?;
    let tickets: u64 = sql.one("SELECT count(*) FROM tasks WHERE project = ?1", values![found.id])?;
    if tickets > 0 {
        return Err(ProjectError::InUse(found.name));
    }
    sql.execute("DELETE FROM projects WHERE id = ?1", values![found.id])?;
    Ok((found, Vec::new()))
}

fn project(row: &Row) -> Result<QueueProject, StoreError> {
    let settings: String = row.get(2)?;
    Ok(QueueProject {
        schema: "harness/project/1".to_owned(),
        id: row.get(0)?,
        name: row.get(1)?,
        settings: serde_json::from_str(&settings).unwrap_or_default(),
        created_at: row.get(3)?,
    })
}
