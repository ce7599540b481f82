//! `/`: every agent, and what is wrong with it.

use axum::extract::State;
use axum::response::Html;
use maud::{Markup, html};

use super::parts::{badge, button, jobs, size, trouble};
use super::shell::page;
use crate::report::{AgentStatus, ProcessRow, StackState};
use crate::serve::api::{agents, jobs as job_list};
use crate::serve::refusal::Refusal;
use crate::serve::site::Shared;
use crate::system::text::plain;

/// Jobs below the agents.
const JOBS: usize = 5;

pub(super) async fn show(State(site): State<Shared>) -> Result<Html<String>, Refusal> {
    let status = agents::list(State(site.clone())).await?.0;
    let last = job_list::list(State(site)).await?.0.jobs;
    let main = html! {
        h1 { "Agents" }
        div.agents id="agents" data-live {
            @for agent in &status.agents { (card(agent)) }
            @if status.agents.is_empty() {
                div.empty {
                    p { strong { "No agent runs yet." } }
                    p { "Launch one below, or run " code { "harness launch 1" } " in a project that has a " code { "harness.toml" } "." }
                }
            }
        }
        (launch_form(&status.agents))
        section aria-labelledby="jobs-title" {
            h2 id="jobs-title" { "Last jobs" }
            div id="jobs" data-live { (jobs(&last[..last.len().min(JOBS)], "/")) }
        }
    };
    Ok(page("Agents", "/", &main))
}

fn card(agent: &AgentStatus) -> Markup {
    let (id, path) = (agent.agent, format!("/agents/{}", agent.agent));
    let ready = agent.processes.iter().filter(|process| process.state.is_well()).count();
    html! {
        article.card aria-labelledby={ "agent-" (id) } {
            div.line {
                h2 id={ "agent-" (id) } { a href=(path) { "Agent " (id) } }
                (badge(agent.state.as_str()))
                span.quiet { (ready) " of " (agent.processes.len()) " processes are well" }
            }
            (facts(agent))
            (wrong(agent))
            (actions(agent, "/"))
        }
    }
}

/// What an agent is and where.
pub(super) fn facts(agent: &AgentStatus) -> Markup {
    let memory: u64 = agent.processes.iter().filter_map(|process| process.memory_bytes).sum();
    html! {
        dl.facts {
            div { dt { "Project" } dd { (agent.project) } }
            div { dt { "Branch" } dd { (agent.branch.as_deref().unwrap_or("none")) } }
            div { dt { "Memory" } dd { (size(memory)) } }
            div.wide { dt { "Tree" } dd { code { (agent.tree) } } }
            @if !agent.urls.is_empty() {
                div.wide {
                    dt { "URLs" }
                    dd { @for (name, url) in &agent.urls { (link(name, url)) " " } }
                }
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
    let ill = |process: &&ProcessRow| !process.state.is_well();
    html! {
        @if let Some(error) = &agent.error { (trouble(error)) }
        @for drift in &agent.drift { p.note { (drift) } }
        @for process in agent.processes.iter().filter(ill) {
            div.trouble {
                p { strong { (process.name) } " " (badge(process.state.as_str())) }
                @if let Some(reason) = &process.reason { p { (reason) } }
                @if let Some(exit) = &process.exit { p { (exit) } }
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
            @if matches!(agent.state, StackState::Stopped | StackState::Parked) { (act("start", "Start")) }
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

fn launch_form(agents: &[AgentStatus]) -> Markup {
    let free = (1..=99_u8).find(|id| agents.iter().all(|agent| agent.agent != *id)).unwrap_or(1);
    html! {
        section aria-labelledby="launch-title" {
            h2 id="launch-title" { "Launch" }
            form.fields method="post" action="/launch" {
                label { "Agent" input name="agent" type="number" min="1" max="99" required value=(free); }
                label.grows {
                    "Project, if the agent is new"
                    input name="project" placeholder="/path/to/project" autocomplete="off" spellcheck="false";
                }
                label.grows {
                    "Branch, for a work tree of its own"
                    input name="branch" autocomplete="off" spellcheck="false";
                }
                button.main type="submit" { "Launch" }
            }
            p.quiet { "Launching an agent that exists continues or repairs it." }
        }
    }
}
