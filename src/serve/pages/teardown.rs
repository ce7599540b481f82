//! `/agents/{id}/teardown`: what would be removed and lost, before it is confirmed.

use axum::extract::State;
use axum::response::Html;
use maud::{Markup, html};

use super::parts::trouble;
use super::shell::page;
use crate::report::{REFUSED, Removed, TornDownAgent};
use crate::serve::api::agents;
use crate::serve::api::route::Agent;
use crate::serve::refusal::Refusal;
use crate::serve::site::Shared;

pub(super) async fn show(State(site): State<Shared>, Agent(id): Agent) -> Result<Html<String>, Refusal> {
    let teardown = agents::would_remove(&site, id).await?;
    let title = format!("Tear down agent {id}");
    let main = html! {
        h1 { (title) "?" }
        p { "This is a dry run: nothing was removed yet." }
        @for agent in &teardown.agents { (what(agent)) }
        form method="post" action={ "/agents/" (id) "/teardown" } {
            label.check {
                input type="checkbox" name="force" value="1";
                "Also remove a work tree with work that exists nowhere else"
            }
            div.actions {
                button.danger type="submit" { (title) }
                a.button href="/" { "Keep it" }
            }
        }
    };
    Ok(page(&title, "/", &main))
}

fn what(agent: &TornDownAgent) -> Markup {
    html! {
        @if let Some(error) = &agent.error { (trouble(error)) }
        @for (thing, lost) in agent.removed.iter().filter_map(|thing| Some((thing, lost(thing)?))) {
            div.trouble {
                p { strong { "Would be lost: work that exists nowhere else" } }
                p { code { (thing.name) } ": " (lost) }
            }
        }
        (list("Would be removed", &agent.removed))
        (list("Would be left", &agent.left))
        (list("Belongs to somebody else, and stays", &agent.foreign))
    }
}

/// What keeps it from being removed.
fn lost(thing: &Removed) -> Option<&str> {
    thing.detail.as_deref()?.strip_prefix(REFUSED)
}

fn list(title: &str, things: &[Removed]) -> Markup {
    html! {
        @if !things.is_empty() {
            h2 { (title) }
            ul.plain {
                @for thing in things {
                    li {
                        span.quiet { (thing.kind) }
                        span { code { (thing.name) } @if let Some(detail) = &thing.detail { " " span.quiet { (detail) } } }
                    }
                }
            }
        }
    }
}
