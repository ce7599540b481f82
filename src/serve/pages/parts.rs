//! What several pages have.

use maud::{Markup, html};

use crate::report::{ErrorDocument, Job, JobState};
pub(super) use crate::serve::marked::marked;
use crate::serve::refusal::Refusal;
use crate::system::text::plain;

/// A state: its word, and a colour that says how good it is.
pub(super) fn badge(word: &str) -> Markup {
    toned(word, tone(word))
}

/// The same with how many there are.
pub(super) fn counted(word: &str, count: usize) -> Markup {
    toned(&format!("{count} {word}"), tone(word))
}

fn toned(word: &str, tone: &str) -> Markup {
    html! { span class={ "badge " (tone) } { (word.replace('_', " ")) } }
}

fn tone(word: &str) -> &'static str {
    match word {
        "healthy" | "ready" | "running" | "done" | "Done" | "pass" | "completed" | "succeeded" | "Review" | "ok"
        | "external" => "good",
        "starting" | "waiting" | "stopping" | "port_not_bound" | "degraded" | "partly_stopped" | "warning"
        | "claimed" | "verifying" | "In progress" | "Awaiting approval" => "busy",
        "stopped" | "parked" | "disabled" | "skipped" | "cached" | "absent" | "paused" | "interrupted" | "pending"
        | "cancelled" | "Cancelled" | "Open" => "idle",
        _ => "bad",
    }
}

/// A form of one button. `subject` completes its name for who does not see where it stands.
pub(super) fn button(action: &str, label: &str, subject: &str, fields: &[(&str, &str)]) -> Markup {
    html! {
        form method="post" action=(action) {
            @for (name, value) in fields { input type="hidden" name=(name) value=(value); }
            button type="submit" { (label) span.unseen { " " (subject) } }
        }
    }
}

/// The same for what cannot be undone; with a script, the question is asked before.
pub(super) fn destroying(action: &str, label: &str, subject: &str, fields: &[(&str, &str)], question: &str) -> Markup {
    html! {
        form method="post" action=(action) data-ask=(question) {
            @for (name, value) in fields { input type="hidden" name=(name) value=(value); }
            button type="submit" { (label) span.unseen { " " (subject) } }
        }
    }
}

/// What is wrong, and the remedy.
pub(super) fn trouble(error: &ErrorDocument) -> Markup {
    html! {
        div.trouble {
            p { strong { (marked(&error.message)) } }
            @for cause in &error.causes { p { (marked(cause)) } }
            @if !error.details.is_empty() { pre tabindex="0" { @for line in &error.details { (plain(line)) "\n" } } }
            @if let Some(hint) = &error.hint { p { (marked(hint)) } }
        }
    }
}

/// A part of a page that could not be made.
pub(super) fn refused(refusal: &Refusal) -> Markup {
    trouble(&refusal.error())
}

/// Bytes for people.
#[allow(clippy::cast_precision_loss)] // one digit is shown
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes / 1000),
        1_000_000..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

/// A duration for people.
pub(super) fn duration(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    match seconds {
        0..10 => format!("{}.{} s", seconds, milliseconds % 1000 / 100),
        10..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3600),
    }
}

/// The time of day of a timestamp, in UTC.
pub(super) fn clock(timestamp: &str) -> &str {
    timestamp.get(11..19).unwrap_or(timestamp)
}

pub(super) fn time(timestamp: &str) -> Markup {
    let day = timestamp.get(..10).unwrap_or_default();
    html! { time datetime=(timestamp) { (day) " " (clock(timestamp)) " UTC" } }
}

/// Jobs: those at work, and what the last ones came to. `back` is the page.
pub(super) fn jobs(jobs: &[Job], back: &str) -> Markup {
    html! {
        @if jobs.is_empty() { p.quiet { "No jobs yet." } }
        @else {
            ul.jobs {
                @for job in jobs { li id={ "job-" (job.id) } { (one_job(job, back)) } }
            }
        }
    }
}

fn one_job(job: &Job, back: &str) -> Markup {
    let running = job.state == JobState::Running;
    html! {
        div.line {
            (state_of(job))
            strong { (job.verb) @if let Some(agent) = job.agent { " " a href={ "/agents/" (agent) } { "agent " (agent) } } }
            span.quiet { "job " (job.id) ", " (time(job.finished_at.as_deref().unwrap_or(&job.started_at))) }
            @if running {
                (button(&format!("/jobs/{}/interrupt", job.id), "Interrupt", &format!("job {}", job.id), &[("back", back)]))
            }
        }
        @if let Some(progress) = job.progress.as_deref().filter(|_| running) { p.quiet { (progress) } }
        @if let Some(error) = failure_of(job) { (trouble(&error)) }
    }
}

/// How far a job is; of a run of verify that has ended, its verdict.
fn state_of(job: &Job) -> Markup {
    let verdict = job.result.as_ref().filter(|_| job.verb == "verify" && job.state == JobState::Done);
    match verdict.and_then(|document| document["status"].as_str()) {
        Some(verdict) => badge(verdict),
        None if job.state == JobState::Running => toned(job.state.as_str(), "busy"),
        None => badge(job.state.as_str()),
    }
}

fn failure_of(job: &Job) -> Option<ErrorDocument> {
    job.result.as_ref().filter(|_| job.state == JobState::Failed).and_then(error_of)
}

/// A job that is at work, in one line.
pub(super) fn at_work(job: &Job) -> Markup {
    html! {
        (toned(&job.verb, "busy"))
        @if let Some(progress) = &job.progress { span.quiet.short { (progress) } }
    }
}

/// What a job failed with; nothing of one that did what it should.
pub(super) fn failed(job: &Job) -> Markup {
    html! {
        @if let Some(error) = failure_of(job) {
            p.quiet { (job.verb) " failed, " (time(job.finished_at.as_deref().unwrap_or(&job.started_at))) }
            (trouble(&error))
        }
    }
}

/// The first error of a job's document: its own, or that of an agent in it.
fn error_of(document: &serde_json::Value) -> Option<ErrorDocument> {
    let own = document.get("error").into_iter();
    let agents = document.get("agents").and_then(serde_json::Value::as_array).into_iter().flatten();
    own.chain(agents.filter_map(|agent| agent.get("error")))
        .find_map(|error| serde_json::from_value(error.clone()).ok())
}
