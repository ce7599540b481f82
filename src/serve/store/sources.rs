//! Tickets that come from issues elsewhere: which issue has which ticket, and what it was told of it.
//!
//! An issue has one ticket, whatever is heard of it and however often: the row is made with the ticket, and stays when
//! somebody deletes the ticket.

use super::StoreError;
use super::queue::{self, QueueError};
use super::sql::{Row, Sql, values};
use super::tasks::{self, Change, NewTask};
use crate::report::{Happening, QueueProject, TaskStatus, TicketSource};

/// An issue as it was last heard of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::serve) struct Issue {
    /// Its number in the repository of the project.
    pub(in crate::serve) number: u64,
    /// One line of 1 to 300 characters.
    pub(in crate::serve) title: String,
    pub(in crate::serve) text: String,
    /// Its page.
    pub(in crate::serve) url: Option<String>,
    /// When it was last changed, RFC 3339; what is older than what is known is not heeded. Empty where that is not known.
    pub(in crate::serve) updated_at: String,
    pub(in crate::serve) state: IssueState,
}

/// Whether work is wanted for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::serve) enum IssueState {
    /// It is open and has the label.
    Wanted,
    /// It is open without the label, or gone.
    Unwanted,
    /// It was closed as done.
    Completed,
    /// It was closed as not planned.
    Dropped,
}

/// What an issue has to be told of its ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::serve) struct Untold {
    pub(in crate::serve) repository: String,
    pub(in crate::serve) number: u64,
    pub(in crate::serve) ticket: u64,
    /// What it was told last; empty: nothing.
    pub(in crate::serve) known: String,
    /// What there is to tell.
    pub(in crate::serve) word: &'static str,
    /// What somebody began to tell and may have told.
    pub(in crate::serve) begun: String,
    pub(in crate::serve) project: u64,
    pub(in crate::serve) job: Option<u64>,
    pub(in crate::serve) pull_request: Option<String>,
}

type Changed<T> = Result<(T, Vec<Happening>), QueueError>;

struct Known {
    ticket: Option<u64>,
    updated_at: String,
    present: bool,
}

/// Takes an issue of the project's repository: makes its ticket, or changes it. Says the ticket, where it has one.
pub(in crate::serve) fn take(sql: &dyn Sql, project: &QueueProject, issue: &Issue) -> Changed<Option<u64>> {
    let repository = place_of(project);
    let known = sql.first(
        "SELECT ticket, updated_at, present FROM issues WHERE repository = ?1 AND number = ?2",
        values![&repository, issue.number],
    )?;
    let known = known.as_ref().map(known_of).transpose()?;
    let wanted = issue.state == IssueState::Wanted;
    let Some(known) = known else {
        if !wanted {
            return Ok((None, Vec::new()));
        }
        let new = NewTask {
            title: issue.title.clone(),
            text: issue.text.clone(),
            status: first(project),
            assignee: None,
            project: Some(project.id),
        };
        let (task, happenings) = queue::create(sql, new)?;
        sql.execute(
            "INSERT INTO issues (repository, number, ticket, url, updated_at, present, reported, begun)
             VALUES (?1, ?2, ?3, ?4, ?5, 1, '', '')",
            values![&repository, issue.number, task.id, &issue.url, &issue.updated_at],
        )?;
        return Ok((Some(task.id), happenings));
    };
    let updated_at = if issue.updated_at.is_empty() { &known.updated_at } else { &issue.updated_at };
    if *updated_at < known.updated_at {
        return Ok((known.ticket, Vec::new()));
    }
    sql.execute(
        "UPDATE issues SET updated_at = ?3, present = ?4, url = coalesce(?5, url) WHERE repository = ?1 AND number = ?2",
        values![&repository, issue.number, updated_at, wanted, &issue.url],
    )?;
    let Some(ticket) = known.ticket else { return Ok((None, Vec::new())) };
    let task = tasks::one(sql, ticket)?;
    let status = next(task.status, known.present, issue.state, first(project));
    let mut change = Change { status: (status != task.status).then_some(status), ..Change::default() };
    // what somebody has approved, or is at work on, stays as it was then
    let waits = matches!(task.status, TaskStatus::Open | TaskStatus::AwaitingApproval);
    if wanted && waits && *updated_at != known.updated_at {
        change.title = (issue.title != task.title).then(|| issue.title.clone());
        change.text = (issue.text != task.text).then(|| issue.text.clone());
    }
    if change.status.is_none() && change.title.is_none() && change.text.is_none() {
        return Ok((Some(ticket), Vec::new()));
    }
    let (task, happenings) = queue::change(sql, ticket, change)?;
    Ok((Some(task.id), happenings))
}

/// The name of where a project's issues are, as rows have it.
fn place_of(project: &QueueProject) -> String {
    match (project.settings.source, &project.settings.plane) {
        // no repository has such a name
        (Some(TicketSource::Plane), Some(id)) => format!("plane:{}", id.to_lowercase()),
        _ => repository_of(project),
    }
}

/// The name of a project's repository, as rows have it: GitHub's names know no case.
pub(in crate::serve) fn repository_of(project: &QueueProject) -> String {
    project.settings.github.clone().unwrap_or_default().to_lowercase()
}

/// Where a new ticket of the project begins.
fn first(project: &QueueProject) -> TaskStatus {
    match (project.settings.approval, project.settings.start) {
        (true, _) => TaskStatus::AwaitingApproval,
        (false, true) => TaskStatus::InProgress,
        (false, false) => TaskStatus::Open,
    }
}

/// Where a ticket is after its issue was heard of. Only a change of the issue moves it: people may move tickets too.
fn next(status: TaskStatus, was_wanted: bool, issue: IssueState, first: TaskStatus) -> TaskStatus {
    use TaskStatus::{AwaitingApproval, Cancelled, Done, Open};
    let is_over = matches!(status, Done | Cancelled);
    match issue {
        IssueState::Wanted if was_wanted || !is_over => status,
        // labelled again, or opened again
        IssueState::Wanted => first,
        _ if !was_wanted || is_over => status,
        IssueState::Completed => Done,
        IssueState::Dropped => Cancelled,
        // whoever took the label away before the work began wants none
        IssueState::Unwanted if matches!(status, Open | AwaitingApproval) => Cancelled,
        IssueState::Unwanted => status,
    }
}

/// The issues of a project that were wanted when they were last heard of.
pub(in crate::serve) fn wanted(sql: &dyn Sql, project: u64) -> Result<Vec<u64>, QueueError> {
    let numbers = sql.column(
        "SELECT number FROM issues JOIN tasks ON tasks.id = issues.ticket
         WHERE present <> 0 AND tasks.project = ?1 ORDER BY number",
        values![project],
    )?;
    Ok(numbers)
}

/// The issues whose tickets are at another state than they were told.
pub(in crate::serve) fn untold(sql: &dyn Sql) -> Result<Vec<Untold>, QueueError> {
    let rows = sql.query(
        "SELECT issues.repository, issues.number, tasks.id, issues.reported, issues.begun, tasks.project, tasks.status,
                tasks.pull_request, last.id, last.state
         FROM issues JOIN tasks ON tasks.id = issues.ticket
         LEFT JOIN queue_jobs AS last ON last.id = (SELECT max(id) FROM queue_jobs WHERE ticket = tasks.id)
         WHERE tasks.project IS NOT NULL ORDER BY issues.repository, issues.number",
        &[],
    )?;
    let rows = rows.iter().map(row).collect::<Result<Vec<_>, _>>()?;
    Ok(rows.into_iter().filter(|row| row.word != row.known).collect())
}

fn known_of(row: &Row) -> Result<Known, StoreError> {
    Ok(Known { ticket: row.get(0)?, updated_at: row.get(1)?, present: row.get(2)? })
}

fn row(row: &Row) -> Result<Untold, StoreError> {
    let (status, job): (String, Option<String>) = (row.get(6)?, row.get(9)?);
    Ok(Untold {
        repository: row.get(0)?,
        number: row.get(1)?,
        ticket: row.get(2)?,
        known: row.get(3)?,
        begun: row.get(4)?,
        project: row.get(5)?,
        word: word(&status, job.as_deref()),
        pull_request: row.get(7)?,
        job: row.get(8)?,
    })
}

/// The state of a ticket as an issue is told it.
fn word(status: &str, job: Option<&str>) -> &'static str {
    match (status, job) {
        ("in_progress", _) => "in_progress",
        ("review", _) => "in_review",
        ("done", _) => "done",
        ("cancelled", _) => "cancelled",
        (_, Some("failed" | "lost")) => "failed",
        _ => "",
    }
}

/// Notes that somebody begins to tell an issue something.
pub(in crate::serve) fn begin(sql: &dyn Sql, untold: &Untold) -> Changed<()> {
    set(sql, "begun", untold, untold.word)
}

/// Notes that an issue was told.
pub(in crate::serve) fn told(sql: &dyn Sql, untold: &Untold) -> Changed<()> {
    set(sql, "reported", untold, untold.word)?;
    set(sql, "begun", untold, "")
}

fn set(sql: &dyn Sql, column: &str, untold: &Untold, word: &str) -> Changed<()> {
    sql.execute(
        &format!("UPDATE issues SET {column} = ?3 WHERE repository = ?1 AND number = ?2"),
        values![&untold.repository, untold.number, word],
    )?;
    Ok(((), Vec::new()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_the_issue_moves_the_ticket_and_nothing_else_does() {
        use IssueState::{Completed, Dropped, Unwanted, Wanted};
        use TaskStatus::{AwaitingApproval, Cancelled, Done, InProgress, Open, Review};
        for (status, was_wanted, issue, expected) in [
            (Open, true, Wanted, Open),
            // somebody called it off on the board
            (Cancelled, true, Wanted, Cancelled),
            (Cancelled, false, Wanted, AwaitingApproval),
            (Done, false, Wanted, AwaitingApproval),
            (Review, false, Wanted, Review),
            (Open, true, Unwanted, Cancelled),
            (AwaitingApproval, true, Unwanted, Cancelled),
            (InProgress, true, Unwanted, InProgress),
            (Review, true, Unwanted, Review),
            (Review, true, Completed, Done),
            (InProgress, true, Completed, Done),
            (InProgress, true, Dropped, Cancelled),
            // moved on the board after the issue was closed
            (Open, false, Completed, Open),
        ] {
            assert_eq!(next(status, was_wanted, issue, AwaitingApproval), expected, "{status} {was_wanted} {issue:?}");
        }
    }
}
