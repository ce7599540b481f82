//! `/machine`: the shared servers, jobs, and what `doctor` finds when it is asked.

use axum::extract::State;
use axum::response::Html;
use maud::{Markup, html};
use serde::Deserialize;

use super::parts::{badge, jobs, marked, refused};
use super::shell::page;
use crate::report::{Doctor, InfraPs};
use crate::serve::api::route::Query;
use crate::serve::api::{jobs as job_list, machine};
use crate::serve::refusal::Refusal;
use crate::serve::site::Shared;

/// What the page should show.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    doctor: Option<u8>,
}

pub(super) async fn show(
    State(site): State<Shared>,
    Query(Asked { doctor }): Query<Asked>,
) -> Result<Html<String>, Refusal> {
    let servers = machine::infra(State(site.clone())).await;
    let last = job_list::list(State(site.clone())).await?.0.jobs;
    let found = match doctor {
        Some(1..) => Some(machine::doctor(State(site)).await),
        _ => None,
    };
    let main = html! {
        h1 { "Machine" }
        section aria-labelledby="servers-title" {
            h2 id="servers-title" { "Shared servers" }
            div id="servers" data-live {
                @match &servers {
                    Ok(servers) => (table(servers)),
                    Err(refusal) => (refused(refusal)),
                }
            }
        }
        section aria-labelledby="doctor-title" {
            h2 id="doctor-title" { "Doctor" }
            @match &found {
                None => p { "Checks tools, servers, ports, the machine and the state of the home." },
                Some(Ok(doctor)) => (findings(&doctor.0)),
                Some(Err(refusal)) => (refused(refusal)),
            }
            p { a.button href="/machine?doctor=1" { @if found.is_some() { "Check again" } @else { "Check now" } } }
        }
        section aria-labelledby="jobs-title" {
            h2 id="jobs-title" { "Jobs" }
            div id="jobs" data-live { (jobs(&last, "/machine")) }
        }
    };
    Ok(page("Machine", "/machine", &main))
}

fn table(servers: &InfraPs) -> Markup {
    let infra = &servers.infra;
    html! {
        p {
            (badge(infra.state.as_str()))
            @if let Some(engine) = infra.engine { span.quiet { " engine: " (engine) } }
        }
        @for reason in &infra.reasons { p.quiet { (marked(reason)) } }
        @for drift in &infra.drift { p.note { (marked(drift)) } }
        @if infra.services.is_empty() {
            p.quiet { "None. " code { "harness setup" } " starts them." }
        } @else {
            div.scroll tabindex="0" role="region" aria-label="Table of shared servers" {
                table {
                    thead { tr { th scope="col" { "Server" } th scope="col" { "State" } th scope="col" { "Version" } th scope="col" { "Ports" } } }
                    tbody {
                        @for service in &infra.services {
                            tr {
                                th scope="row" { (service.name) }
                                td {
                                    (badge(service.state.as_str()))
                                    @if let Some(reason) = &service.reason { p.quiet { (marked(reason)) } }
                                }
                                td { (service.version.as_deref().unwrap_or("–")) }
                                td { @for port in &service.ports { (port) " " } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn findings(doctor: &Doctor) -> Markup {
    html! {
        ul.jobs {
            @for finding in &doctor.findings {
                li {
                    div.line { (badge(finding.level.as_str())) span.quiet { (finding.area) } span { (marked(&finding.message)) } }
                    @if let Some(hint) = &finding.hint { p.quiet { (marked(hint)) } }
                }
            }
        }
    }
}
