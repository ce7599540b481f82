//! The form that launches an agent.

use std::collections::BTreeSet;

use maud::{Markup, html};

use crate::project::AgentId;
use crate::report::AgentStatus;
use crate::serve::site::Site;

pub(super) fn form(site: &Site, agents: &[AgentStatus]) -> Markup {
    let free = (1..=99_u8).find(|id| agents.iter().all(|agent| agent.agent != *id)).unwrap_or(1);
    let roots = roots(site, agents);
    // with one project there is nothing to say
    let only = roots.iter().next().filter(|_| roots.len() == 1);
    html! {
        section aria-labelledby="launch-title" {
            h2 id="launch-title" { "Launch" }
            div id="launch" data-live {
                form.fields method="post" action="/launch" {
                    label { "Agent" input name="agent" type="number" min="1" max="99" required value=(free); }
                    label.grows {
                        "Project, if the agent is new"
                        input name="project" list="projects" value=(only.map(String::as_str).unwrap_or_default())
                            placeholder="/path/to/project" autocomplete="off" spellcheck="false";
                    }
                    datalist id="projects" { @for root in &roots { option value=(root) {} } }
                    label.grows {
                        "Branch, for a work tree of its own"
                        input name="branch" placeholder="as harness.toml says" autocomplete="off" spellcheck="false";
                    }
                    button.main type="submit" { "Launch" }
                }
            }
            p.quiet { "Launching an agent that exists continues or repairs it." }
        }
    }
}

/// The roots of the projects that agents have.
fn roots(site: &Site, agents: &[AgentStatus]) -> BTreeSet<String> {
    let ids = agents.iter().filter_map(|agent| AgentId::try_from(agent.agent).ok());
    let records = ids.filter_map(|id| crate::agent::Record::read(&site.home, id).ok()?);
    records.map(|record| record.project_root.display().to_string()).collect()
}
