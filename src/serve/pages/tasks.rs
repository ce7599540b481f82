//! `/tasks`: the board.

use axum::extract::State;
use axum::response::Html;
use maud::{Markup, html};

use super::parts::{button, destroying, time};
use super::shell::page;
use crate::project::AgentId;
use crate::report::{BoardTask, QueueProject, TaskStatus};
use crate::serve::api::{projects, tasks};
use crate::serve::refusal::Refusal;
use crate::serve::site::Shared;
use crate::system;

pub(super) async fn show(State(site): State<Shared>) -> Result<Html<String>, Refusal> {
    let board = tasks::list(State(site.clone())).await?.0.tasks;
    let agents = agents(&site).unwrap_or_default();
    let projects = projects::list(State(site.clone())).await?.0.projects;
    let main = html! {
        h1 { "Tasks" }
        div id="new" data-live {
            form.fields method="post" action="/tasks" {
                label.grows { "New task" input name="title" required maxlength="300" autocomplete="off"; }
                (assignee(&agents, None))
                (project(&projects, None))
                button.main type="submit" { "Add" }
            }
        }
        div.board id="board" data-live {
            @for status in TaskStatus::ALL {
                @let column: Vec<&BoardTask> = board.iter().filter(|task| task.status == status).collect();
                @if !column.is_empty() || !is_of_tickets(status) {
                section.column id={ "all-" (status.as_str()) } aria-labelledby={ "column-" (status.as_str()) } {
                    h2 id={ "column-" (status.as_str()) } { (title(status)) " " span.quiet { (column.len()) } }
                    @if column.is_empty() { p.quiet { "No tasks." } }
                    @for (place, task) in column.iter().enumerate() {
                        (card(task, place.checked_sub(1).map(|above| column[above]), &agents, &projects))
                    }
                }
                }
            }
        }
    };
    Ok(page("Tasks", "/tasks", &main))
}

/// Whether a status is one of tickets alone.
fn is_of_tickets(status: TaskStatus) -> bool {
    matches!(status, TaskStatus::AwaitingApproval | TaskStatus::Cancelled)
}

pub(super) fn title(status: TaskStatus) -> &'static str {
    match status {
        TaskStatus::Open => "Open",
        TaskStatus::AwaitingApproval => "Awaiting approval",
        TaskStatus::Cancelled => "Cancelled",
        TaskStatus::InProgress => "In progress",
        TaskStatus::Review => "Review",
        TaskStatus::Done => "Done",
    }
}

/// The agents of the home.
fn agents(site: &Shared) -> system::Result<Vec<u8>> {
    Ok(site.home.agents()?.into_iter().filter(|id| AgentId::try_from(*id).is_ok()).collect())
}

/// Where a task may be moved.
pub(super) fn moves(task: TaskStatus, is_ticket: bool) -> impl Iterator<Item = TaskStatus> {
    TaskStatus::ALL.into_iter().filter(move |status| *status != task && (is_ticket || !is_of_tickets(*status)))
}

fn card(task: &BoardTask, above: Option<&BoardTask>, agents: &[u8], projects: &[QueueProject]) -> Markup {
    let (path, subject) = (format!("/tasks/{}", task.id), format!("task {}", task.id));
    html! {
        article.card id={ "card-" (task.id) } aria-labelledby={ "task-" (task.id) } {
            h3 id={ "task-" (task.id) } { (task.title) }
            p.quiet {
                "#" (task.id)
                @if let Some(agent) = task.assignee { ", " a href={ "/agents/" (agent) } { "agent " (agent) } }
                @if let Some(project) = projects.iter().find(|project| Some(project.id) == task.project) {
                    ", " a href={ "/tickets/" (task.id) } { "ticket of " (project.name) }
                }
            }
            @if !task.text.is_empty() { p.text { (task.text) } }
            div.actions role="group" aria-label={ "Move " (subject) } {
                span.quiet { "Move to" }
                @for status in moves(task.status, task.project.is_some()) {
                    (button(&path, title(status), &subject, &[("status", status.as_str())]))
                }
                @if let Some(above) = above {
                    (button(&path, "Up", &subject, &[("before", &above.id.to_string())]))
                }
            }
            details id={ "more-" (task.id) } {
                summary { "Edit, assign, notes (" (task.notes.len()) ")" span.unseen { " of " (subject) } }
                form.stack method="post" action=(path) {
                    label { "Title" input name="title" required maxlength="300" value=(task.title); }
                    label { "Text" textarea name="text" rows="3" { "\n" (task.text) } }
                    (assignee(agents, task.assignee))
                    (project(projects, task.project))
                    button type="submit" { "Save" }
                }
                @for note in &task.notes {
                    div.notes { p.quiet { (time(&note.created_at)) } p.text { (note.text) } }
                }
                form.stack method="post" action={ (path) "/notes" } {
                    label { "Note" textarea name="text" rows="2" required {} }
                    button type="submit" { "Add note" }
                }
                (destroying(&format!("{path}/delete"), "Delete", &subject, &[], &format!("Delete {subject} and its notes?")))
            }
        }
    }
}

/// What it is about, where there are projects.
fn project(projects: &[QueueProject], now: Option<u64>) -> Markup {
    html! {
        @if !projects.is_empty() {
            label {
                "Project"
                select name="project" {
                    @if now.is_none() { option value="" selected { "No project" } }
                    @for project in projects {
                        option value=(project.name) selected[now == Some(project.id)] { (project.name) }
                    }
                }
            }
        }
    }
}

/// Whose it is: one of the agents that there are, or whom it was given to before.
fn assignee(agents: &[u8], now: Option<u8>) -> Markup {
    let gone = now.filter(|now| !agents.contains(now));
    html! {
        label {
            "Agent"
            select name="assignee" {
                option value="" selected[now.is_none()] { "No agent" }
                @for agent in agents.iter().copied().chain(gone) {
                    option value=(agent) selected[now == Some(agent)] { "Agent " (agent) }
                }
            }
        }
    }
}
