//! `launch` without an id: which agent is meant, or which id the tree gets.
//!
//! `AGENT_ID`, else the agent that lives in this tree, else an id that is free: the one that this tree had last, or the
//! lowest. Free means that no agent has it, that no command works on it, and that the project's ports of it are neither
//! in use nor another agent's, so that two projects never need to know each other's ids. The lease of a new id is taken
//! while the list of trees is locked: of launches at once in several trees, each has its own; in one tree, the second
//! waits for the first.
//!
//! In the main checkout this runs the main checkout itself, also in a project with a `[worktree]` table: a command without
//! an id means the tree in which it is given. `--worktree` and `--branch` make a tree, for an agent of its own.

use std::collections::BTreeSet;
use std::path::Path;

use super::many;
use super::scope::{LaunchOptions, Lodging};
use crate::agent::lease::Lease;
use crate::agent::place::Place;
use crate::agent::tree_error::TreeError;
use crate::agent::trees::{self, Trees};
use crate::agent::{Context, Error, Record, identity, moved};
use crate::project::{AgentId, Project};
use crate::report::{Failure, Kind, Launch};
use crate::system::{self, Checkout};

/// Launches the agent of the tree that the command stands in. Returns what happened, and the kind of the failure.
///
/// # Errors
/// As for [`many::launch`]; or no id is free.
pub async fn launch_here(context: &Context, options: &LaunchOptions) -> Result<(Launch, Option<Kind>), Failure> {
    if let Some(agent) = identity::by_environment(context)? {
        return many::launch(context, &[agent], options).await;
    }
    let place = context.place()?;
    let project = context.project_at(&place.root)?;
    let (lease, lodging) = match (options.worktree, &place.linked) {
        (Some(true), None) => (of_branch_or_new(context, &project, options).await?, Lodging::AsConfigured),
        (Some(false), _) | (_, None) => {
            let root = Place::at_root(place.root);
            (of_tree(context, &root, &project).await?, Lodging::Root)
        }
        (_, Some(path)) => {
            let lodging = Lodging::Adopted { path: path.clone(), tree: place.tree.clone() };
            (of_tree(context, &place, &project).await?, lodging)
        }
    };
    many::launch_leased(context, &project, lease, options, &lodging).await
}

/// The lease of the agent that lives in a tree, or of a new one.
async fn of_tree(context: &Context, place: &Place, project: &Project) -> Result<Lease, Failure> {
    loop {
        let agent = match choose(context, place, project)? {
            Choice::New(lease) => return Ok(lease),
            Choice::Known(agent) => agent,
        };
        let lease = Lease::take(context, agent, "launch").await?;
        // another command that we waited for may have given the id to another tree
        match Record::read(&context.home, agent) {
            Ok(Some(record)) if !lives_in(&moved::followed(context, record.clone(), Some(project)), place) => {}
            _ => return Ok(lease),
        }
    }
}

enum Choice {
    /// The tree's own, or about to be: a command works on it.
    Known(AgentId),
    /// No agent's until now; leased.
    New(Lease),
}

fn choose(context: &Context, place: &Place, project: &Project) -> Result<Choice, Failure> {
    let list = Trees::lock(context)?;
    let own = list.agent_of(&place.tree);
    let records = records(context, project)?;
    let living: Vec<AgentId> =
        records.iter().filter(|record| lives_in(record, place)).map(|record| record.agent).collect();
    match living.as_slice() {
        [] => {}
        [agent] => return Ok(Choice::Known(*agent)),
        several => {
            return match own.filter(|agent| several.contains(agent)) {
                Some(agent) => Ok(Choice::Known(agent)),
                None => Err(Error::Ambiguous { agents: several.to_vec(), directory: place.tree.clone() }.into()),
            };
        }
    }
    for agent in trees::order(own, &list.kept_for_others(&place.tree), project.max_agents) {
        if records.iter().any(|record| record.agent == agent) {
            continue;
        }
        match free(context, project, &records, agent)? {
            Some(lease) => {
                list.keep(&place.tree, agent)?;
                return Ok(Choice::New(lease));
            }
            // a launch of this very tree is at work
            None if own == Some(agent) && has_free_ports(project, &records, agent) => return Ok(Choice::Known(agent)),
            None => {}
        }
    }
    Err(none_free(project, &records))
}

/// The lease of the agent of this project whose tree has the branch, or of a new one that gets a tree.
async fn of_branch_or_new(context: &Context, project: &Project, options: &LaunchOptions) -> Result<Lease, Failure> {
    let records = records(context, project)?;
    let on_branch = |record: &&Record| {
        let current = || Checkout::at(record.place())?.branch();
        record.project_root == project.root && record.worktree.is_some() && current() == options.branch
    };
    if let Some(record) = options.branch.as_ref().and_then(|_| records.iter().find(on_branch)) {
        return Lease::take(context, record.agent, "launch").await;
    }
    let list = Trees::lock(context)?;
    for agent in trees::order(None, &list.kept_for_others(Path::new("")), project.max_agents) {
        if let Some(lease) = free(context, project, &records, agent)? {
            return Ok(lease);
        }
    }
    Err(none_free(project, &records))
}

/// The lease of an id if it is free.
fn free(context: &Context, project: &Project, records: &[Record], agent: AgentId) -> Result<Option<Lease>, Failure> {
    if !has_free_ports(project, records, agent) {
        return Ok(None);
    }
    let Some(lease) = Lease::try_take(context, agent, "launch")? else { return Ok(None) };
    if Record::path(&context.home, agent).exists() {
        return Ok(None);
    }
    Ok(Some(lease))
}

fn has_free_ports(project: &Project, records: &[Record], agent: AgentId) -> bool {
    let of_others: BTreeSet<u16> = records.iter().flat_map(|record| record.ports.values().copied()).collect();
    project.ports_of(agent).iter().all(|(_, port)| !of_others.contains(port) && system::is_bindable(*port))
}

fn none_free(project: &Project, records: &[Record]) -> Failure {
    let (project, max) = (project.name.clone(), project.max_agents);
    let taken = records.iter().map(|record| record.agent).filter(|agent| agent.get() <= max).collect();
    TreeError::NoneFree { project, max, taken }.into()
}

fn records(context: &Context, project: &Project) -> Result<Vec<Record>, Failure> {
    let agents = identity::agents(context)?.into_iter();
    // one that cannot be read has its id, which is tried and found in use
    let records = agents.filter_map(|agent| Record::read(&context.home, agent).ok().flatten());
    Ok(records.map(|record| moved::followed(context, record, Some(project))).collect())
}

/// Whether an agent's tree is this one.
pub(super) fn lives_in(record: &Record, place: &Place) -> bool {
    record.tree == place.tree || record.tree.canonicalize().is_ok_and(|tree| tree == place.tree)
}
