//! What commands write of agents: records, journals of launches, and runs of `verify`.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use super::picture::{Known, Picture};
use crate::agent::{LastCommand, Lifecycle, Record, last_command};
use crate::project::AgentId;
use crate::report::{AgentChange, Happening, Verify, milliseconds};
use crate::system::Home;
use crate::verify;

/// What was last seen of the agents.
#[derive(Default)]
pub(super) struct Agents(BTreeMap<u8, Seen>);

#[derive(Clone, Copy)]
struct Seen {
    known: Known,
    /// When it was first seen in its present state.
    since: Instant,
    /// When the last run of `verify` was recorded, in nanoseconds since the epoch; 0 where there is none.
    verified: i128,
    /// The last command that has ended.
    ended: Option<LastCommand>,
}

impl Agents {
    /// Looks at all agents; returns what has changed since the last look.
    pub(super) fn look(&mut self, home: &Home, picture: &Picture) -> Vec<Happening> {
        let mut happenings = Vec::new();
        let mut now = BTreeMap::new();
        for id in home.agents().unwrap_or_default() {
            let Ok(agent) = AgentId::try_from(id) else { continue };
            let directory = home.stack_dir(agent.stack()).join("verify");
            let before = self.0.get(&id).copied();
            let Some(known) = known(home, agent) else { continue };
            let since = before.filter(|before| before.known == known).map_or_else(Instant::now, |before| before.since);
            let ended = last_command(home, agent);
            let seen = Seen { known, since, verified: recorded(&directory.join("state.json")), ended };
            if let Known::Is(change) = known
                && before.is_none_or(|before| before.known != known)
            {
                happenings.push(Happening::Agent { agent: id, change });
            }
            if let Some(launch) = ended.filter(|ended| ended.is_launch)
                && before.and_then(|before| before.ended) != Some(launch)
            {
                happenings.push(launched(id, launch));
            }
            if before.map_or(0, |before| before.verified) != seen.verified
                && let Ok(Some(run)) = verify::last_report(&directory)
            {
                happenings.push(verified(id, &run));
            }
            now.insert(id, seen);
        }
        for (id, before) in self.0.iter().filter(|(id, _)| !now.contains_key(id)) {
            // a first launch that failed is undone, and its journal with it
            if before.known == Known::Is(AgentChange::Launching) {
                let duration_ms = milliseconds(before.since.elapsed());
                happenings.push(Happening::Launch { agent: *id, well: false, duration_ms });
            }
            happenings.push(Happening::Agent { agent: *id, change: AgentChange::Removed });
        }
        picture.agents(now.iter().map(|(id, seen)| (*id, seen.known)).collect());
        self.0 = now;
        happenings
    }
}

fn known(home: &Home, agent: AgentId) -> Option<Known> {
    Some(match Record::read(home, agent) {
        Ok(record) => Known::Is(match record?.lifecycle {
            Lifecycle::Launching => AgentChange::Launching,
            Lifecycle::Launched => AgentChange::Launched,
            Lifecycle::TearingDown => AgentChange::TearingDown,
        }),
        Err(_) => Known::Damaged,
    })
}

fn recorded(state: &Path) -> i128 {
    let written = state.metadata().and_then(|metadata| metadata.modified()).ok();
    written.and_then(|time| jiff::Timestamp::try_from(time).ok()).map_or(0, jiff::Timestamp::as_nanosecond)
}

fn launched(agent: u8, launch: LastCommand) -> Happening {
    let duration = launch.ended.duration_since(launch.began).unsigned_abs();
    Happening::Launch { agent, well: launch.well, duration_ms: milliseconds(duration) }
}

fn verified(agent: u8, run: &Verify) -> Happening {
    Happening::Verify {
        agent,
        status: run.status,
        reason: run.reason,
        full: run.full,
        first_error: run.stages.iter().find_map(|stage| stage.first_error.clone()),
        duration_ms: run.total_duration_ms,
    }
}
