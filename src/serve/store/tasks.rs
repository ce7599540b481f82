//! Tasks in the database. Those of one status have the places 0, 1, 2, ... without a gap.

use std::collections::BTreeMap;

use super::StoreError;
use super::sql::{Row, Sql, values};
use crate::project::AgentId;
use crate::report::{BoardTask, Happening, TaskChange, TaskNote, TaskStatus};

/// A task that is to be made; it comes last among those of its status.
#[derive(Debug, Clone)]
pub(in crate::serve) struct NewTask {
    pub(in crate::serve) title: String,
    pub(in crate::serve) text: String,
    pub(in crate::serve) status: TaskStatus,
    pub(in crate::serve) assignee: Option<AgentId>,
    pub(in crate::serve) project: Option<u64>,
}

/// What is to be changed of a task; the rest stays.
#[derive(Debug, Clone, Default)]
#[allow(clippy::option_option)] // left out, `null` and a value are three things
pub(in crate::serve) struct Change {
    pub(in crate::serve) title: Option<String>,
    pub(in crate::serve) text: Option<String>,
    pub(in crate::serve) status: Option<TaskStatus>,
    /// `Some(None)`: nobody's any more.
    pub(in crate::serve) assignee: Option<Option<AgentId>>,
    /// `Some(None)`: to the end of its status.
    pub(in crate::serve) before: Option<Option<u64>>,
    pub(in crate::serve) project: Option<u64>,
}

/// Why a task is not changed.
#[derive(Debug)]
pub(in crate::serve) enum TaskError {
    /// There is none of this number.
    Missing(u64),
    Store(StoreError),
}

impl From<StoreError> for TaskError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

type Changed<T> = Result<(T, Vec<Happening>), TaskError>;

const COLUMNS: &str = "id, title, text, status, assignee, place, created_at, updated_at, project";

/// All, by status and place.
pub(in crate::serve) fn all(sql: &dyn Sql) -> Result<Vec<BoardTask>, TaskError> {
    let rows = sql.query(&format!("SELECT {COLUMNS} FROM tasks ORDER BY place"), &[])?;
    let mut tasks = rows.iter().map(task).collect::<Result<Vec<_>, _>>()?;
    tasks.sort_by_key(|task| task.status);
    for row in sql.query("SELECT id, text, created_at, task FROM notes ORDER BY id", &[])? {
        let of: u64 = row.get(3)?;
        if let Some(task) = tasks.iter_mut().find(|task| task.id == of) {
            task.notes.push(note(&row)?);
        }
    }
    Ok(tasks)
}

/// How many there are of each status.
pub(in crate::serve) fn counts(sql: &dyn Sql) -> Result<BTreeMap<TaskStatus, u64>, StoreError> {
    TaskStatus::ALL.into_iter().map(|status| Ok((status, count(sql, status)?))).collect()
}

/// The numbers of those that are done.
pub(in crate::serve) fn done(sql: &dyn Sql) -> Result<Vec<u64>, StoreError> {
    ids(sql, TaskStatus::Done)
}

/// One.
pub(in crate::serve) fn one(sql: &dyn Sql, id: u64) -> Result<BoardTask, TaskError> {
    let found = sql.first(&format!("SELECT {COLUMNS} FROM tasks WHERE id = ?1"), values![id])?;
    let mut found = task(&found.ok_or(TaskError::Missing(id))?)?;
    let notes = sql.query("SELECT id, text, created_at FROM notes WHERE task = ?1 ORDER BY id", values![id])?;
    found.notes = notes.iter().map(note).collect::<Result<_, _>>()?;
    Ok(found)
}

/// Makes one.
pub(in crate::serve) fn create(sql: &dyn Sql, new: NewTask) -> Changed<BoardTask> {
    let place = count(sql, new.status)?;
    let id = sql.one(
        "INSERT INTO tasks (title, text, status, assignee, place, created_at, updated_at, project)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7) RETURNING id",
        values![new.title, new.text, new.status.as_str(), new.assignee.map(AgentId::get), place, now(), new.project],
    )?;
    told(sql, id, TaskChange::Created)
}

/// Changes one, and moves it.
pub(in crate::serve) fn change(sql: &dyn Sql, id: u64, change: Change) -> Changed<BoardTask> {
    let known = one(sql, id)?;
    let status = change.status.unwrap_or(known.status);
    let title = change.title.unwrap_or(known.title);
    let text = change.text.unwrap_or(known.text);
    let assignee = change.assignee.map_or(known.assignee, |assignee| assignee.map(AgentId::get));
    sql.execute(
        "UPDATE tasks SET title = ?2, text = ?3, status = ?4, assignee = ?5, updated_at = ?6, project = ?7 WHERE id = ?1",
        values![id, title, text, status.as_str(), assignee, now(), change.project.or(known.project)],
    )?;
    if status != known.status && change.before.flatten().is_none() {
        // a column may hold thousands: only those behind the gap are written
        let last = count(sql, status)?.saturating_sub(1);
        sql.execute("UPDATE tasks SET place = ?2 WHERE id = ?1", values![id, last])?;
        sql.execute(
            "UPDATE tasks SET place = place - 1 WHERE status = ?1 AND place > ?2",
            values![known.status.as_str(), known.order],
        )?;
    } else if status != known.status || change.before.is_some() {
        let mut order = ids(sql, status)?;
        order.retain(|other| *other != id);
        let at = match change.before.flatten() {
            Some(before) => order.iter().position(|other| *other == before).ok_or(TaskError::Missing(before))?,
            None => order.len(),
        };
        order.insert(at, id);
        number(sql, &order)?;
        if status != known.status {
            number(sql, &ids(sql, known.status)?)?;
        }
    }
    told(sql, id, TaskChange::Changed)
}

/// Adds a note.
pub(in crate::serve) fn add_note(sql: &dyn Sql, id: u64, text: &str) -> Changed<BoardTask> {
    one(sql, id)?;
    sql.execute("INSERT INTO notes (task, text, created_at) VALUES (?1, ?2, ?3)", values![id, text, now()])?;
    sql.execute("UPDATE tasks SET updated_at = ?2 WHERE id = ?1", values![id, now()])?;
    told(sql, id, TaskChange::Changed)
}

/// Deletes one.
pub(in crate::serve) fn delete(sql: &dyn Sql, id: u64) -> Changed<()> {
    let (task, happenings) = told(sql, id, TaskChange::Deleted)?;
    sql.execute("DELETE FROM tasks WHERE id = ?1", values![id])?;
    number(sql, &ids(sql, task.status)?)?;
    Ok(((), happenings))
}

fn told(sql: &dyn Sql, id: u64, change: TaskChange) -> Changed<BoardTask> {
    let task = one(sql, id)?;
    let (title, status, assignee) = (task.title.clone(), task.status, task.assignee);
    Ok((task, vec![Happening::Task { task: id, change, title, status, assignee }]))
}

fn count(sql: &dyn Sql, status: TaskStatus) -> Result<u64, StoreError> {
    sql.one("SELECT count(*) FROM tasks WHERE status = ?1", values![status.as_str()])
}

fn ids(sql: &dyn Sql, status: TaskStatus) -> Result<Vec<u64>, StoreError> {
    sql.column("SELECT id FROM tasks WHERE status = ?1 ORDER BY place, id", values![status.as_str()])
}

fn number(sql: &dyn Sql, order: &[u64]) -> Result<(), StoreError> {
    for (place, id) in (0_u64..).zip(order) {
        sql.execute("UPDATE tasks SET place = ?2 WHERE id = ?1 AND place <> ?2", values![*id, place])?;
    }
    Ok(())
}

fn now() -> String {
    jiff::Timestamp::now().to_string()
}

fn task(row: &Row) -> Result<BoardTask, StoreError> {
    let word: String = row.get(3)?;
    Ok(BoardTask {
        schema: "harness/task/1".to_owned(),
        id: row.get(0)?,
        title: row.get(1)?,
        text: row.get(2)?,
        // a word that somebody else wrote
        status: TaskStatus::ALL.into_iter().find(|status| status.as_str() == word).unwrap_or(TaskStatus::Open),
        assignee: row.get(4)?,
        project: row.get(8)?,
        order: row.get(5)?,
        notes: Vec::new(),
        created_at: row.get(6)?,
        updated_at: row.get(7)?,
    })
}

fn note(row: &Row) -> Result<TaskNote, StoreError> {
    Ok(TaskNote { id: row.get(0)?, text: row.get(1)?, created_at: row.get(2)? })
}
