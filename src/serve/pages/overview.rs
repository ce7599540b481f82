//! `/`: every agent, and what is wrong with it.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Html;
use maud::{Markup, html};

use super::parts::{at_work, badge, button, counted, failed, jobs, size, trouble};
use super::shell::page;
use super::{launch, verdict};
use crate::report::{AgentStatus, Job, JobState, ProcessRow, StackState, Verify};
use crate::serve::api::{agents, jobs as job_list};
use crate::serve::refusal::Refusal;
use crate::serve::site::Shared;
use crate::system::text::plain;

/// Jobs below the agents.
const JOBS: usize = 5;

pub(super) async fn show(State(site): State<Shared>) -> Result<Html<String>, Refusal> {
    let status = agents::list(State(site.clone())).await?.0;
    let (last, verdicts) = tokio::join!(job_list::list(State(site.clone())), agents::last_verdicts(&site));
    let (last, verdicts) = (last?.0.jobs, verdicts?);
    let main = html! {
        h1 { "Agents" }
        div.line id="summary" data-live { (summary(&status.agents)) }
        div.agents id="agents" data-live {
            @for agent in &status.agents { (card(agent, verdicts.get(&agent.agent), &last)) }
            @if status.agents.is_empty() {
                div.empty {
                    p { strong { "No agent runs yet." } }
                    p { "Launch one below, or run " code { "harness launch 1" } " in a project that has a " code { "harness.toml" } "." }
                }
            }
        }
        (launch::form(&site, &status.agents))
        section aria-labelledby="jobs-title" {
            h2 id="jobs-title" { "Last jobs" }
            div id="jobs" data-live { (jobs(&last[..last.len().min(JOBS)], "/")) }
        }
    };
    Ok(page("Agents", "/", &main))
}

/// How many agents are in which state, and those that are not well.
fn summary(agents: &[AgentStatus]) -> Markup {
    let mut states: BTreeMap<&str, usize> = BTreeMap::new();
    for agent in agents {
        *states.entry(agent.state.as_str()).or_default() += 1;
    }
    let ill = agents.iter().filter(|agent| has_trouble(agent));
    html! {
        @for (state, count) in states { (counted(state, count)) }
        @for agent in ill { a href={ "#agent-" (agent.agent) } { "See agent " (agent.agent) } }
    }
}

/// Whether a person should look at it.
fn has_trouble(agent: &AgentStatus) -> bool {
    agent.error.is_some() || agent.processes.iter().any(|process| process.state.is_trouble())
}

fn card(agent: &AgentStatus, verify: Option<&Verify>, jobs: &[Job]) -> Markup {
    let (id, path) = (agent.agent, format!("/agents/{}", agent.agent));
    let ready = agent.processes.iter().filter(|process| process.state.is_well()).count();
    let last = last_job(agent, jobs);
    html! {
        article.card id={ "card-" (id) } aria-labelledby={ "agent-" (id) } {
            div.line {
                h2 id={ "agent-" (id) } { a href=(path) { "Agent " (id) } }
                (badge(agent.state.as_str()))
                @if let Some(job) = last.filter(|job| job.state == JobState::Running) { (at_work(job)) }
                @else { span.quiet { (ready) " of " (agent.processes.len()) " processes are well" } }
            }
            (facts(agent, verify))
            (actions(agent, "/"))
            @if let Some(last) = last { (failed(last)) }
            (wrong(agent))
        }
    }
}

/// The agent's last job.
pub(super) fn last_job<'a>(agent: &AgentStatus, jobs: &'a [Job]) -> Option<&'a Job> {
    jobs.iter().find(|job| job.agent == Some(agent.agent))
}

/// What an agent is and where, with its last run of verify.
pub(super) fn facts(agent: &AgentStatus, verify: Option<&Verify>) -> Markup {
    let memory: u64 = agent.processes.iter().filter_map(|process| process.memory_bytes).sum();
    html! {
        dl.facts {
            div { dt { "Project" } dd { (agent.project) } }
            div { dt { "Branch" } dd { (agent.branch.as_deref().unwrap_or("none")) } }
            div { dt { "Memory" } dd { @if memory == 0 { "none" } @else { (size(memory)) } } }
            div.wide { dt { "Tree" } dd { code { (agent.tree) } } }
            @if !agent.urls.is_empty() {
                div.wide {
                    dt { "URLs" }
                    dd { @for (name, url) in &agent.urls { (link(name, url)) " " } }
                }
            }
            @if let Some(verify) = verify {
                div.wide { dt { "Last verify" } dd { (verdict::line(verify, agent.agent)) } }
            }
        }
    }
}

fn link(name: &str, url: &str) -> Markup {
    let opens = url.starts_with("http://") || url.starts_with("https://");
    html! {
        @if opens { a href=(url) rel="noreferrer" { (name) } } @else { span { (name) ": " code { (url) } } }
    }
}

/// Why it is broken, with the last lines of what is.
pub(super) fn wrong(agent: &AgentStatus) -> Markup {
    let ill = |process: &&ProcessRow| process.state.is_trouble();
    html! {
        @if let Some(error) = &agent.error { (trouble(error)) }
        @for drift in &agent.drift { p.note { (drift) } }
        @for process in agent.processes.iter().filter(ill) {
            div.trouble id={ "trouble-" (agent.agent) "-" (process.name) } {
                p { strong { (process.name) } " " (badge(process.state.as_str())) }
                @if let Some(reason) = &process.reason { p { (reason) } } @else if let Some(exit) = &process.exit { p { (exit) } }
                @if !process.last_lines.is_empty() {
                    pre tabindex="0" aria-label={ "Last lines of " (process.name) } {
                        @for line in &process.last_lines { (plain(line)) "\n" }
                    }
                }
            }
        }
    }
}

/// What may be done with an agent. `back` is the page.
pub(super) fn actions(agent: &AgentStatus, back: &str) -> Markup {
    let subject = format!("agent {}", agent.agent);
    let act = |verb: &str, label: &str| {
        button(&format!("/agents/{}/{verb}", agent.agent), label, &subject, &[("back", back)])
    };
    html! {
        div.actions {
            @if agent.state == StackState::Parked { (act("start", "Wake")) }
            @else if agent.state == StackState::Stopped { (act("start", "Start")) }
            @else {
                (act("restart", "Restart"))
                (act("stop", "Stop"))
                (act("park", "Park"))
                @if agent.state == StackState::PartlyStopped { (act("start", "Start")) }
            }
            (act("verify", "Verify"))
            a.button href={ "/agents/" (agent.agent) "/teardown" } { "Tear down…" span.unseen { " " (subject) } }
        }
    }
}
