//! Tasks in the database. Those of one status have the places 0, 1, 2, ... without a gap.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, Transaction};

use super::StoreError;
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

impl From<rusqlite::Error> for TaskError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(StoreError::Failed(error))
    }
}

type Changed<T> = Result<(T, Vec<Happening>), TaskError>;

const COLUMNS: &str = "id, title, text, status, assignee, place, created_at, updated_at, project";

/// All, by status and place.
pub(in crate::serve) fn all(connection: &Connection) -> Result<Vec<BoardTask>, TaskError> {
    let mut statement = connection.prepare(&format!("SELECT {COLUMNS} FROM tasks ORDER BY place"))?;
    let mut tasks: Vec<BoardTask> = statement.query_map([], task)?.collect::<Result<_, _>>()?;
    tasks.sort_by_key(|task| task.status);
    let mut statement = connection.prepare("SELECT task, id, text, created_at FROM notes ORDER BY id")?;
    let notes = statement.query_map([], |row| Ok((row.get::<_, u64>(0)?, note(row, 1)?)))?;
    for found in notes {
        let (of, note) = found?;
        if let Some(task) = tasks.iter_mut().find(|task| task.id == of) {
            task.notes.push(note);
        }
    }
    Ok(tasks)
}

/// How many there are of each status.
pub(in crate::serve) fn counts(connection: &Connection) -> Result<BTreeMap<TaskStatus, u64>, StoreError> {
    TaskStatus::ALL.into_iter().map(|status| Ok((status, count(connection, status)?))).collect()
}

/// The numbers of those that are done.
pub(in crate::serve) fn done(connection: &Connection) -> rusqlite::Result<Vec<u64>> {
    ids(connection, TaskStatus::Done)
}

/// One.
pub(in crate::serve) fn one(connection: &Connection, id: u64) -> Result<BoardTask, TaskError> {
    let mut statement = connection.prepare(&format!("SELECT {COLUMNS} FROM tasks WHERE id = ?1"))?;
    let mut found = statement.query_row([id], task).optional()?.ok_or(TaskError::Missing(id))?;
    let mut statement = connection.prepare("SELECT id, text, created_at FROM notes WHERE task = ?1 ORDER BY id")?;
    found.notes = statement.query_map([id], |row| note(row, 0))?.collect::<Result<_, _>>()?;
    Ok(found)
}

/// Makes one.
pub(in crate::serve) fn create(transaction: &Transaction<'_>, new: NewTask) -> Changed<BoardTask> {
    let place = count(transaction, new.status)?;
    transaction.execute(
        "INSERT INTO tasks (title, text, status, assignee, place, created_at, updated_at, project)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7)",
        (new.title, new.text, new.status.as_str(), new.assignee.map(AgentId::get), place, now(), new.project),
    )?;
    told(transaction, u64::try_from(transaction.last_insert_rowid()).unwrap_or_default(), TaskChange::Created)
}

/// Changes one, and moves it.
pub(in crate::serve) fn change(transaction: &Transaction<'_>, id: u64, change: Change) -> Changed<BoardTask> {
    let known = one(transaction, id)?;
    let status = change.status.unwrap_or(known.status);
    let title = change.title.unwrap_or(known.title);
    let text = change.text.unwrap_or(known.text);
    let assignee = change.assignee.map_or(known.assignee, |assignee| assignee.map(AgentId::get));
    transaction.execute(
        "UPDATE tasks SET title = ?2, text = ?3, status = ?4, assignee = ?5, updated_at = ?6, project = ?7 WHERE id = ?1",
        (id, title, text, status.as_str(), assignee, now(), change.project.or(known.project)),
    )?;
    if status != known.status && change.before.flatten().is_none() {
        // a column may hold thousands: only those behind the gap are written
        let last = count(transaction, status)?.saturating_sub(1);
        transaction.execute("UPDATE tasks SET place = ?2 WHERE id = ?1", (id, last))?;
        transaction.execute(
            "UPDATE tasks SET place = place - 1 WHERE status = ?1 AND place > ?2",
            (known.status.as_str(), known.order),
        )?;
    } else if status != known.status || change.before.is_some() {
        let mut order = ids(transaction, status)?;
        order.retain(|other| *other != id);
        let at = match change.before.flatten() {
            Some(before) => order.iter().position(|other| *other == before).ok_or(TaskError::Missing(before))?,
            None => order.len(),
        };
        order.insert(at, id);
        number(transaction, &order)?;
        if status != known.status {
            let left = ids(transaction, known.status)?;
            number(transaction, &left)?;
        }
    }
    told(transaction, id, TaskChange::Changed)
}

/// Adds a note.
pub(in crate::serve) fn add_note(transaction: &Transaction<'_>, id: u64, text: &str) -> Changed<BoardTask> {
    one(transaction, id)?;
    transaction.execute("INSERT INTO notes (task, text, created_at) VALUES (?1, ?2, ?3)", (id, text, now()))?;
    transaction.execute("UPDATE tasks SET updated_at = ?2 WHERE id = ?1", (id, now()))?;
    told(transaction, id, TaskChange::Changed)
}

/// Deletes one.
pub(in crate::serve) fn delete(transaction: &Transaction<'_>, id: u64) -> Changed<()> {
    let (task, happenings) = told(transaction, id, TaskChange::Deleted)?;
    transaction.execute("DELETE FROM tasks WHERE id = ?1", [id])?;
    let left = ids(transaction, task.status)?;
    number(transaction, &left)?;
    Ok(((), happenings))
}

fn told(transaction: &Transaction<'_>, id: u64, change: TaskChange) -> Changed<BoardTask> {
    let task = one(transaction, id)?;
    let (title, status, assignee) = (task.title.clone(), task.status, task.assignee);
    Ok((task, vec![Happening::Task { task: id, change, title, status, assignee }]))
}

fn count(connection: &Connection, status: TaskStatus) -> rusqlite::Result<u64> {
    connection.query_row("SELECT count(*) FROM tasks WHERE status = ?1", [status.as_str()], |row| row.get(0))
}

fn ids(connection: &Connection, status: TaskStatus) -> rusqlite::Result<Vec<u64>> {
    let mut statement = connection.prepare("SELECT id FROM tasks WHERE status = ?1 ORDER BY place, id")?;
    statement.query_map([status.as_str()], |row| row.get(0))?.collect()
}

fn number(transaction: &Transaction<'_>, order: &[u64]) -> rusqlite::Result<()> {
    let mut statement = transaction.prepare("UPDATE tasks SET place = ?2 WHERE id = ?1 AND place <> ?2")?;
    for (place, id) in (0_u64..).zip(order) {
        statement.execute((id, place))?;
    }
    Ok(())
}

fn now() -> String {
    jiff::Timestamp::now().to_string()
}

fn task(row: &Row<'_>) -> rusqlite::Result<BoardTask> {
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

fn note(row: &Row<'_>, first: usize) -> rusqlite::Result<TaskNote> {
    Ok(TaskNote { id: row.get(first)?, text: row.get(first + 1)?, created_at: row.get(first + 2)? })
}
