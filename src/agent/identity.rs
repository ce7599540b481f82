//! Which agent is meant: by id, by `AGENT_ID`, or by the current directory.
//!
//! A linked work tree ends what is around: one that lies in the project's root is not the root's, whoever made it.

use std::path::Path;

use super::{Context, Error, Record, moved, trees};
use crate::project::AgentId;
use crate::report::Failure;
use crate::system::Checkout;

/// The agent that a command is for.
///
/// # Errors
/// None is named, or several share the current directory.
pub fn resolve(context: &Context, named: Option<AgentId>) -> Result<AgentId, Failure> {
    if let Some(agent) = named {
        return Ok(agent);
    }
    if let Some(agent) = by_environment(context)? {
        return Ok(agent);
    }
    let around = records_around(context)?;
    match around.as_slice() {
        [] => Err(Error::Unnamed.into()),
        [record] => Ok(record.agent),
        several => {
            // of those that share it, the one that was launched without an id
            let kept = several.iter().find(|record| trees::agent_of(context, &record.tree) == Some(record.agent));
            let agents = several.iter().map(|record| record.agent).collect();
            let ambiguous = || Error::Ambiguous { agents, directory: context.directory.clone() };
            Ok(kept.map(|record| record.agent).ok_or_else(ambiguous)?)
        }
    }
}

/// The agent that `AGENT_ID` names.
///
/// # Errors
/// It is no id.
pub(super) fn by_environment(context: &Context) -> Result<Option<AgentId>, Failure> {
    let value = context.variable("AGENT_ID").filter(|value| !value.is_empty());
    Ok(value.map(|value| value.parse::<AgentId>()).transpose().map_err(Error::from)?)
}

/// The agents whose tree the current directory is in; several, where they share the project's root.
///
/// # Errors
/// The home cannot be read.
pub fn standing_in(context: &Context) -> Result<Vec<AgentId>, Failure> {
    Ok(records_around(context)?.into_iter().map(|record| record.agent).collect())
}

/// The agents whose trees are in the checkout of the current directory: a linked work tree that lies
/// inside another checkout is not of that one.
///
/// # Errors
/// The home cannot be read.
pub fn in_checkout(context: &Context) -> Result<Vec<AgentId>, Failure> {
    let checkout = |directory: &Path| {
        let directory = directory.canonicalize().unwrap_or_else(|_| directory.to_owned());
        directory.ancestors().find(|above| above.join(".git").exists()).map(Path::to_owned)
    };
    let Some(here) = checkout(&context.directory) else { return Ok(Vec::new()) };
    let is_here = |agent: &AgentId| {
        let record = Record::read(&context.home, *agent).ok().flatten();
        record.is_some_and(|record| checkout(&record.tree).as_ref() == Some(&here))
    };
    Ok(agents(context)?.into_iter().filter(is_here).collect())
}

/// The records of these.
pub(super) fn records_around(context: &Context) -> Result<Vec<Record>, Failure> {
    let mut here = Vec::new();
    let linked = Checkout::linked_around(&context.directory).map(|checkout| checkout.top);
    for agent in agents(context)? {
        // a record that cannot be read names no directory
        let Ok(Some(record)) = Record::read(&context.home, agent) else { continue };
        let record = moved::followed(context, record, None);
        // the recorded path may contain symbolic links, the current directory does not
        let place = record.place().canonicalize().unwrap_or_else(|_| record.place().to_owned());
        let is_beyond = linked.as_ref().is_some_and(|top| !place.starts_with(top));
        if context.directory.starts_with(&place) && !is_beyond {
            let tree = record.tree.canonicalize().unwrap_or_else(|_| record.tree.clone());
            // of several projects of one tree, the one whose directory this is
            let depth = if context.directory.starts_with(&tree) { tree } else { place }.components().count();
            here.push((depth, record));
        }
    }
    // the innermost tree wins: a work tree may lie inside the project's root
    let depth = here.iter().map(|(depth, _)| *depth).max();
    Ok(here.into_iter().filter(|(found, _)| Some(*found) == depth).map(|(_, record)| record).collect())
}

/// The agents that have a directory in this home, by number.
pub fn agents(context: &Context) -> Result<Vec<AgentId>, Failure> {
    Ok(context.home.agents()?.into_iter().filter_map(|id| AgentId::try_from(id).ok()).collect())
}

/// Takes a leading agent id off the words of a command line: `3 api` is agent 3 and `api`.
pub fn split_id(words: &[String]) -> (Option<AgentId>, &[String]) {
    match words.split_first() {
        Some((first, rest)) => match first.parse() {
            Ok(agent) => (Some(agent), rest),
            Err(_) => (None, words),
        },
        None => (None, words),
    }
}
