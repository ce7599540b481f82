//! Which agents come back: `boot.json` of the home. Without it, all that were launched.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::agent::{Context, Lifecycle, Record, identity};
use crate::project::AgentId;
use crate::report::Failure;
use crate::system::{self, Home, Versioned};

/// The choice.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Chosen {
    /// These; all when absent.
    pub agents: Option<BTreeSet<AgentId>>,
}

impl Versioned for Chosen {
    const WHAT: &'static str = "choice of what comes back";
    const VERSION: u32 = 1;
}

fn path(home: &Home) -> PathBuf {
    home.path().join("boot.json")
}

impl Chosen {
    pub(super) fn read(home: &Home) -> system::Result<Option<Self>> {
        system::read_versioned(&path(home))
    }

    pub(super) fn write(&self, home: &Home) -> system::Result<()> {
        system::write_versioned(&path(home), self)
    }

    pub(super) fn forget(home: &Home) -> system::Result<()> {
        system::remove_if_exists(&path(home)).map(drop)
    }

    /// With these agents too. The first ones that are named are the only ones; none named means all, from now on.
    pub(super) fn with(before: Option<Self>, agents: &[AgentId]) -> Self {
        if agents.is_empty() {
            return Self::default();
        }
        let named = agents.iter().copied();
        Self {
            agents: Some(match before {
                Some(Self { agents: Some(before) }) => before.into_iter().chain(named).collect(),
                _ => named.collect(),
            }),
        }
    }

    /// Without these, of `known`, which are those that there are.
    pub(super) fn without(before: Option<Self>, agents: &[AgentId], known: Vec<AgentId>) -> Self {
        let before = before.and_then(|before| before.agents).unwrap_or_else(|| known.into_iter().collect());
        Self { agents: Some(before.into_iter().filter(|agent| !agents.contains(agent)).collect()) }
    }
}

/// The records of the agents that are meant: `named`, else the chosen ones; of them, those that were launched. One that
/// is named has to exist.
pub(super) fn meant(context: &Context, named: &[AgentId]) -> Result<Vec<Record>, Failure> {
    if named.is_empty() {
        let chosen = Chosen::read(&context.home)?.unwrap_or_default().agents;
        let is_chosen = |record: &Record| chosen.as_ref().is_none_or(|chosen| chosen.contains(&record.agent));
        return Ok(launched(context)?.into_iter().filter(is_chosen).collect());
    }
    let records: Result<Vec<Record>, Failure> = named.iter().map(|agent| existing(context, *agent)).collect();
    Ok(records?.into_iter().filter(|record| record.lifecycle == Lifecycle::Launched).collect())
}

/// The records of all agents that were launched.
pub(super) fn launched(context: &Context) -> Result<Vec<Record>, Failure> {
    let mut records = Vec::new();
    for agent in identity::agents(context)? {
        records.extend(Record::read(&context.home, agent)?.filter(|record| record.lifecycle == Lifecycle::Launched));
    }
    Ok(records)
}

/// The record of an agent that has one.
pub(super) fn existing(context: &Context, agent: AgentId) -> Result<Record, Failure> {
    crate::agent::undone::existing(context, agent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(numbers: &[u8]) -> Vec<AgentId> {
        numbers.iter().map(|number| AgentId::try_from(*number).unwrap()).collect()
    }

    #[test]
    fn naming_adds_and_naming_none_means_all() {
        let three = Chosen::with(None, &ids(&[3]));
        assert_eq!(three.agents, Some(ids(&[3]).into_iter().collect()));
        let two = Chosen::with(Some(three.clone()), &ids(&[1]));
        assert_eq!(two.agents, Some(ids(&[1, 3]).into_iter().collect()));
        assert_eq!(Chosen::with(Some(two.clone()), &[]), Chosen::default());
        // of all, the named ones only
        assert_eq!(Chosen::with(Some(Chosen::default()), &ids(&[3])), three);
        assert_eq!(Chosen::without(Some(two), &ids(&[1]), Vec::new()), three);
        // taken out of all: the others that there are
        assert_eq!(Chosen::without(Some(Chosen::default()), &ids(&[1]), ids(&[1, 3])), three);
    }
}
