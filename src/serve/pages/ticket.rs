//! `/tickets/{id}`: a ticket, its jobs, what they say, and what became of them.

use axum::extract::State;
use axum::response::Html;
use maud::{Markup, html};

use super::parts::{badge, button, marked, time};
use super::shell::page;
use super::tasks::{moves, title};
use crate::report::{QueueJob, Ticket, Verify};
use crate::serve::api::route::Number;
use crate::serve::api::{queue, tickets};
use crate::serve::refusal::Refusal;
use crate::serve::site::Shared;
use crate::serve::store::queue::Filter;
use crate::system::text::plain;

/// Lines of the last job's log.
const LINES: u64 = 300;

pub(super) async fn show(State(site): State<Shared>, Number(id): Number) -> Result<Html<String>, Refusal> {
    let ticket = tickets::one(State(site.clone()), Number(id)).await?.0;
    let jobs = queue::jobs(&site, Filter { ticket: Some(id), state: None }).await?.jobs;
    let log = match jobs.first() {
        Some(job) => queue::log(&site, job.id, 0, LINES).await?.lines,
        None => Vec::new(),
    };
    let own = site.home.agents().unwrap_or_default();
    let main = html! {
        h1 { (ticket.title) }
        div.stack id="ticket" data-live {
            (head(&ticket))
            @for (number, job) in jobs.iter().enumerate() { (one(job, number == 0, &own)) }
            @if jobs.is_empty() { p.quiet { "No job was made for it yet." } }
            @if !log.is_empty() {
                section aria-labelledby="log" {
                    h2 id="log" { "Log of the last job" }
                    pre tabindex="0" { @for line in &log { (plain(&line.text)) "\n" } }
                }
            }
        }
    };
    Ok(page(&ticket.title, "/tasks", &main))
}

fn head(ticket: &Ticket) -> Markup {
    let (path, subject) = (format!("/tasks/{}", ticket.id), format!("ticket {}", ticket.id));
    html! {
        p {
            (badge(title(ticket.state.into()))) " "
            span.quiet {
                "#" (ticket.id)
                @if let Some(project) = &ticket.project { ", " (project.name) }
            }
        }
        @if let Some(url) = &ticket.issue { p { "Issue: " (link(url)) } }
        @if let Some(url) = &ticket.pull_request { p { "Pull request: " (link(url)) } }
        @if !ticket.text.is_empty() { p.text { (ticket.text) } }
        div.actions role="group" aria-label={ "Move " (subject) } {
            @for status in moves(ticket.state.into(), true) {
                (button(&path, title(status), &subject, &[("status", status.as_str())]))
            }
        }
        @for note in &ticket.notes {
            div.notes { p.quiet { (time(&note.created_at)) } p.text { (note.text) } }
        }
    }
}

fn one(job: &QueueJob, is_last: bool, own: &[u8]) -> Markup {
    let (outcome, subject) = (&job.outcome, format!("job {}", job.id));
    html! {
        section.card aria-labelledby={ "job-" (job.id) } {
            h2 id={ "job-" (job.id) } { "Job " (job.id) " " (badge(job.state.as_str())) }
            p.quiet {
                "attempt " (job.attempt)
                @if let Some(worker) = &job.worker { ", worker " (worker) }
                @if let Some(agent) = outcome.agent { ", agent " (agent) }
                @if let Some(round) = outcome.round { ", round " (round) }
                @if let Some(cost) = outcome.cost_usd { ", " (format!("${cost:.2}")) }
                ", " (time(job.finished_at.as_deref().or(job.claimed_at.as_deref()).unwrap_or(&job.created_at)))
            }
            @if let (Some(agent), Some(session)) = (outcome.agent.filter(|agent| own.contains(agent)), &outcome.session) {
                @if job.state.is_leased() {
                    p { a href={ "/agents/" (agent) "/sessions/" (session) } { "Watch or take over the session " (session) } }
                }
            }
            @if let Some(branch) = &outcome.branch { p { "Branch " code { (branch) } @if let Some(commit) = &outcome.commit { " at " code { (commit.chars().take(12).collect::<String>()) } } } }
            @if let Some(url) = &outcome.pull_request { p { (link(url)) } }
            @if let Some(summary) = &outcome.summary { p.text { (plain_text(summary)) } }
            @if let Some(reason) = &outcome.reason { div.trouble { p { (marked(reason)) } } }
            @if let Some(document) = outcome.verify.clone().and_then(|it| serde_json::from_value::<Verify>(it).ok()) {
                (verified(&document))
            }
            @if !job.state.is_over() {
                (button(&format!("/queue/jobs/{}/cancel", job.id), "Call off", &subject, &[("ticket", &job.ticket.to_string())]))
            } @else if is_last {
                (button(&format!("/queue/jobs/{}/retry", job.id), "Try again", &subject, &[("ticket", &job.ticket.to_string())]))
            }
        }
    }
}

fn verified(document: &Verify) -> Markup {
    html! {
        p { "Verify " (badge(document.status.as_str())) }
        @if let Some(error) = &document.error { p { (marked(&error.message)) } }
        ul {
            @for stage in &document.stages {
                li {
                    (stage.name) ": " (stage.status)
                    @if let Some(error) = stage.first_error.as_ref().filter(|_| stage.status.is_bad()) {
                        pre tabindex="0" { @for line in error.lines() { (plain(line)) "\n" } }
                    }
                }
            }
        }
    }
}

/// A link, where it leads to the web: a worker says it, and other schemes run scripts.
fn link(url: &str) -> Markup {
    html! {
        @if url.starts_with("https://") || url.starts_with("http://") { a href=(url) rel="noreferrer" { (url) } }
        @else { code { (url) } }
    }
}

fn plain_text(text: &str) -> String {
    text.lines().map(plain).collect::<Vec<_>>().join("\n")
}
