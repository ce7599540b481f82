//! What commands write of agents: records, and runs of `verify`.

use std::collections::BTreeMap;
use std::path::Path;

use crate::agent::{Lifecycle, Record};
use crate::project::AgentId;
use crate::report::{AgentChange, Happening, Verify};
use crate::system::Home;
use crate::verify;

/// What was last seen of the agents.
#[derive(Default)]
pub(super) struct Agents(BTreeMap<u8, Seen>);

#[derive(Clone, Copy, PartialEq, Eq)]
struct Seen {
    change: AgentChange,
    /// When the last run of `verify` was recorded, in nanoseconds since the epoch; 0 where there is none.
    verified: i128,
}

impl Agents {
    /// Looks at all agents; returns what has changed since the last look.
    pub(super) fn look(&mut self, home: &Home) -> Vec<Happening> {
        let mut happenings = Vec::new();
        let mut now = BTreeMap::new();
        for id in home.agents().unwrap_or_default() {
            let Ok(agent) = AgentId::try_from(id) else { continue };
            let directory = home.stack_dir(agent.stack()).join("verify");
            let before = self.0.get(&id).copied();
            let Some(change) = change(home, agent) else { continue };
            let seen = Seen { change, verified: recorded(&directory.join("state.json")) };
            if before.is_none_or(|before| before.change != seen.change) {
                happenings.push(Happening::Agent { agent: id, change });
            }
            if before.map_or(0, |before| before.verified) != seen.verified
                && let Ok(Some(run)) = verify::last_report(&directory)
            {
                happenings.push(verified(id, &run));
            }
            now.insert(id, seen);
        }
        for id in self.0.keys().filter(|id| !now.contains_key(id)) {
            happenings.push(Happening::Agent { agent: *id, change: AgentChange::Removed });
        }
        self.0 = now;
        happenings
    }
}

fn change(home: &Home, agent: AgentId) -> Option<AgentChange> {
    Some(match Record::read(home, agent).ok()??.lifecycle {
        Lifecycle::Launching => AgentChange::Launching,
        Lifecycle::Launched => AgentChange::Launched,
        Lifecycle::TearingDown => AgentChange::TearingDown,
    })
}

fn recorded(state: &Path) -> i128 {
    let written = state.metadata().and_then(|metadata| metadata.modified()).ok();
    written.and_then(|time| jiff::Timestamp::try_from(time).ok()).map_or(0, jiff::Timestamp::as_nanosecond)
}

fn verified(agent: u8, run: &Verify) -> Happening {
    Happening::Verify {
        agent,
        status: run.status,
        reason: run.reason,
        full: run.full,
        first_error: run.stages.iter().find_map(|stage| stage.first_error.clone()),
    }
}
