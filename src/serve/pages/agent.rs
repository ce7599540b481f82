//! `/agents/{id}`: one agent.

use axum::extract::State;
use axum::response::Html;
use maud::{Markup, html};

use super::overview::{actions, facts, last_job, wrong};
use super::parts::{at_work, badge, button, clock, destroying, duration, failed, jobs, refused, size, time};
use super::shell::page;
use super::verdict;
use crate::project::AgentId;
use crate::report::{AgentStatus, DatabaseReport, JobState, LogPage, ProcessRow, ProcessState, Sessions};
use crate::serve::api::logs::Lines;
use crate::serve::api::route::{Agent, Query};
use crate::serve::api::{agents, databases, jobs as job_list, logs, sessions};
use crate::serve::refusal::{Refusal, Wrong};
use crate::serve::site::Shared;
use crate::system::text::plain;

/// Jobs of the agent that are shown.
const JOBS: usize = 5;

pub(super) async fn show(
    State(site): State<Shared>,
    Agent(id): Agent,
    Query(lines): Query<Lines>,
) -> Result<Html<String>, Refusal> {
    let status = agents::one(State(site.clone()), Agent(id)).await?.0;
    let Some(agent) = status.agents.into_iter().find(|agent| agent.agent == id.get()) else {
        return Err(Wrong::Path(format!("/agents/{id}")).into());
    };
    let (printed, verified, snapshots, joinable, all) = tokio::join!(
        logs::last(&site, id, &lines),
        agents::last_verify(State(site.clone()), Agent(id)),
        databases::list(State(site.clone()), Agent(id)),
        sessions::of(&site, id),
        job_list::list(State(site.clone())),
    );
    let own: Vec<_> = all?.0.jobs.into_iter().filter(|job| job.agent == Some(id.get())).take(JOBS).collect();
    let back = format!("/agents/{id}");
    let last = last_job(&agent, &own);
    let runs = agent.processes.iter().any(|process| process.pid.is_some());
    let main = html! {
        div id="agent" data-live {
            div.line {
                h1 { "Agent " (id) }
                (badge(agent.state.as_str()))
                @if let Some(job) = last.filter(|job| job.state == JobState::Running) { (at_work(job)) }
            }
            (facts(&agent, None))
            (actions(&agent, &back))
            @if let Some(last) = last { (failed(last)) }
            (wrong(&agent))
        }
        div.uses id="uses" data-stats={ "/api/agents/" (id) "/stats" } hidden[!runs] {
            (use_of("memory", "Memory"))
            (use_of("cpu", "CPU"))
        }
        section aria-labelledby="processes-title" {
            h2 id="processes-title" { "Processes" }
            div id="processes" data-live { (processes(&agent, &back)) }
        }
        div.pair {
            div {
                section aria-labelledby="logs-title" {
                    h2 id="logs-title" { "Logs" }
                    (log(id, &lines, &agent, &printed))
                }
                section aria-labelledby="sessions-title" {
                    h2 id="sessions-title" { "Sessions" }
                    div id="sessions" data-live {
                        @match &joinable {
                            Ok(joinable) => (terminals(joinable)),
                            Err(refusal) => (refused(refusal)),
                        }
                    }
                    form.fields method="post" action={ (back) "/sessions" } {
                        label.grows {
                            "Command, on a terminal in the agent's tree; your shell if it is empty"
                            input name="command" placeholder="claude" autocomplete="off" spellcheck="false";
                        }
                        label { "Session" input name="name" maxlength="40" placeholder="as the program" autocomplete="off" spellcheck="false"; }
                        button type="submit" { "Start a session" }
                    }
                }
                section aria-labelledby="jobs-title" {
                    h2 id="jobs-title" { "Last jobs" }
                    div id="jobs" data-live { (jobs(&own, &back)) }
                }
            }
            div {
                section aria-labelledby="verify-title" {
                    h2 id="verify-title" { "Last verify" }
                    div id="verify" data-live {
                        @match &verified {
                            Ok(verify) => (verdict::stages(&verify.0)),
                            Err(refusal) if refusal.error().code == "serve.no_verify" => p.quiet { "It was never verified." },
                            Err(refusal) => (refused(refusal)),
                        }
                        form.actions method="post" action={ (back) "/verify" } {
                            input type="hidden" name="full" value="1";
                            button type="submit" { "Verify in full" }
                        }
                    }
                }
                section aria-labelledby="snapshots-title" {
                    h2 id="snapshots-title" { "Database snapshots" }
                    div id="snapshots" data-live {
                        @match &snapshots {
                            Ok(report) => (list(&report.0, &back)),
                            Err(refusal) if refusal.error().code == "agent.without" => p.quiet { "It has no database and no stores." },
                            Err(refusal) => (refused(refusal)),
                        }
                    }
                    form.fields method="post" action={ (back) "/snapshots" } {
                        label { "Name" input name="name" required maxlength="40" pattern="[a-z0-9_]+" title="a-z, 0-9 and _" autocomplete="off" spellcheck="false"; }
                        button type="submit" { "Take a snapshot" }
                    }
                }
            }
        }
    };
    Ok(page(&format!("Agent {id}"), "/", &main))
}

fn processes(agent: &AgentStatus, back: &str) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Table of processes" {
            table {
                thead {
                    tr {
                        @for head in ["Process", "State", "Memory", "Uptime", "Restarts", "Ports", "Actions"] {
                            th scope="col" { (head) }
                        }
                    }
                }
                tbody { @for process in &agent.processes { (row(agent.agent, process, back)) } }
            }
        }
    }
}

/// A figure and its last minutes, drawn by the script while somebody looks.
fn use_of(id: &str, name: &str) -> Markup {
    html! {
        figure id={ "use-" (id) } {
            figcaption { (name) " " strong { "–" } }
            svg viewBox="0 0 120 24" preserveAspectRatio="none" aria-hidden="true" { polyline points="" {} }
        }
    }
}

fn terminals(joinable: &Sessions) -> Markup {
    html! {
        @if joinable.sessions.is_empty() {
            p.quiet { "No session. It goes on when this page is closed, and when " code { "harness serve" } " ends." }
        }
        ul.jobs {
            @for session in &joinable.sessions {
                @let back = format!("/agents/{}", joinable.agent);
                li.line {
                    strong { a href=(format!("{back}/sessions/{}", session.name)) { (session.name) } }
                    (badge(session.state.as_str()))
                    code { (session.command.join(" ")) }
                    (destroying(
                        &format!("{back}/sessions/end"), "End", &session.name, &[("name", session.name.as_str()), ("back", &back)],
                        &format!("End the session {} and its program?", session.name),
                    ))
                }
            }
        }
    }
}

fn row(agent: u8, process: &ProcessRow, back: &str) -> Markup {
    let act = |verb: &str, label: &str| {
        let fields = [("process", process.name.as_str()), ("back", back)];
        button(&format!("/agents/{agent}/{verb}"), label, &process.name, &fields)
    };
    let still = matches!(process.state, ProcessState::Stopped | ProcessState::Disabled | ProcessState::Completed);
    let uptime = process.uptime_ms.and_then(|uptime| u64::try_from(uptime).ok());
    html! {
        tr id={ "process-" (process.name) } {
            th scope="row" { (process.name) }
            td { (badge(process.state.as_str())) }
            td.figure { (process.memory_bytes.map(size).unwrap_or_default()) }
            td.figure { (uptime.map(duration).unwrap_or_default()) }
            td.figure { (process.restarts) }
            td { @for port in &process.ports { (port) " " } }
            td {
                div.actions {
                    @if still { (act("start", "Start")) } @else { (act("restart", "Restart")) (act("stop", "Stop")) }
                }
            }
        }
    }
}

fn log(id: AgentId, lines: &Lines, agent: &AgentStatus, printed: &Result<LogPage, Refusal>) -> Markup {
    let chosen = lines.process.as_deref().unwrap_or_default();
    html! {
        form.fields method="get" action={ "/agents/" (id) "#logs-title" } role="search" {
            label {
                "Process"
                select name="process" {
                    option value="" { "All" }
                    @for process in &agent.processes {
                        option value=(process.name) selected[process.name == chosen] { (process.name) }
                    }
                }
            }
            label.grows {
                "Only lines that match"
                input name="grep" value=(lines.grep.as_deref().unwrap_or_default()) placeholder="(?i)error" spellcheck="false";
            }
            button type="submit" { "Filter" }
        }
        @match printed {
            Ok(page) => pre.log id="log" tabindex="0" aria-label="Log lines" data-follow={ "/api/agents/" (id) "/logs" } {
                @for line in &page.lines {
                    span class=(line.stream) {
                        span.quiet { (clock(&line.time)) " " (line.process) } "  " (plain(&line.line)) "\n"
                    }
                }
            },
            Err(refusal) => (refused(refusal)),
        }
        p.quiet id="log-state" { "The last lines, times in UTC; reload for newer ones." }
    }
}

fn list(report: &DatabaseReport, back: &str) -> Markup {
    html! {
        @let what = report.database.as_deref().unwrap_or("the stores");
        @if report.snapshots.is_empty() { p.quiet { "No snapshots of " code { (what) } " yet." } }
        ul.jobs {
            @for snapshot in &report.snapshots {
                @let fields = [("name", snapshot.name.as_str()), ("back", back)];
                li.line {
                    strong { (snapshot.name) }
                    span.quiet {
                        (size(snapshot.bytes))
                        @if let Some(made) = &snapshot.made_at { ", " (time(made)) }
                    }
                    (destroying(
                        &format!("{back}/snapshots/restore"), "Restore", &snapshot.name, &fields,
                        &format!("Replace {} as it is now by the snapshot {}?", what, snapshot.name),
                    ))
                    (destroying(
                        &format!("{back}/snapshots/drop"), "Drop", &snapshot.name, &fields,
                        &format!("Delete the snapshot {}?", snapshot.name),
                    ))
                }
            }
        }
        @if !report.snapshots.is_empty() {
            p.quiet { "Restoring replaces the database as it is now, and ends its open sessions." }
        }
    }
}
