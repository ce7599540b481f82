//! `gc`: removes what crashed and deleted stacks have left, by what exists and carries this home's id.
//!
//! An agent is left over when it has things without a record, when a command on it was interrupted
//! and no other works on it now, or when its project or its work tree was deleted. It is removed by
//! `teardown`, so that nothing foreign is touched and no work is lost. Agents whose record cannot be read
//! are left to a person: they may be in use. Work trees that were renamed and not yet deleted completely,
//! and what is remembered of trees that are gone, are removed too.

use super::launch::spare_trees;
use super::leftover::leftovers;
use super::teardown::{TeardownOptions, TeardownTarget, teardown};
use super::worktree::spare::{self as spare_tree, Swept};
use super::{Context, Record, belongings, identity, undone, worktree};
use crate::infra;
use crate::postgres::background;
use crate::postgres::unfinished::{self, Leftover, Unfinished};
use crate::postgres::{self, Server, spare, template};
use crate::project::AgentId;
use crate::report::{CollectedAgent, Failure, Gc, Kind, Removed, RemovedKind};
use crate::stores;
use crate::system;

/// Collects; with `dry_run` only says what. Returns the kind of the worst failure.
///
/// # Errors
/// The home or its servers cannot be asked.
pub async fn gc(context: &Context, dry_run: bool) -> Result<(Gc, Option<Kind>), Failure> {
    let infra = if dry_run || !anything(context)? {
        infra::open(&context.home).await?
    } else {
        infra::resume(&context.home, &context.events).await?
    };
    let mut left = leftovers(context)?;
    let known = identity::agents(context)?;
    match belongings::inspect(context, infra.as_ref()).await {
        Ok(found) => {
            for (agent, _) in found.into_iter().filter(|(agent, _)| !known.contains(agent)) {
                left.entry(agent).or_insert_with(|| "parts of it exist without a record".to_owned());
            }
        }
        // a look starts nothing, and goes on without servers that are down
        Err(failure) if dry_run => context.events.warning("gc", format!("the servers were not checked: {failure}")),
        Err(failure) => return Err(failure),
    }
    let options = TeardownOptions {
        target: TeardownTarget::Agents(left.keys().copied().collect()),
        dry_run,
        force: false,
        infra: false,
        volumes: false,
        only_leftovers: true,
    };
    let (torn_down, worst) = if left.is_empty() {
        (None, None)
    } else {
        teardown(context, &options).await.map(|(it, kind)| (Some(it), kind))?
    };
    let why = |agent: u8| AgentId::try_from(agent).ok().and_then(|agent| left.get(&agent).cloned()).unwrap_or_default();
    let agents = torn_down.into_iter().flat_map(|report| report.agents);
    let agents = agents.filter(|agent| dry_run || agent.error.is_some() || !taken_up(context, agent.agent));
    let agents = agents.map(|removed| CollectedAgent { why: why(removed.agent), removed }).collect();
    let mut removed = Vec::new();
    if let Some(server) = infra.as_ref().and_then(|infra| infra.servers.postgres.as_ref()) {
        match on_server(server, context.home.id(), dry_run).await {
            Ok(swept) => {
                removed.extend(swept);
                if !dry_run {
                    // what it says could not be dropped is gone
                    system::remove_if_exists(&context.home.infra_dir().join(background::DROP_LOG))?;
                }
            }
            Err(_) if dry_run => {}
            Err(error) => return Err(error.into()),
        }
    }
    for swept in spare_tree::sweep(&context.home, (dry_run, false), spare_trees::is_wanted(context)).await {
        match swept {
            Swept::Removed { path, complete } => {
                let why = if complete {
                    "a spare work tree that is not wanted any more"
                } else {
                    "an unfinished spare work tree"
                };
                removed.push(Removed::with(RemovedKind::WorkTree, path.display().to_string(), why));
            }
            Swept::Kept { path, why } => {
                context.events.warning("gc", format!("the spare work tree `{}` stays: {why}", path.display()));
            }
        }
    }
    for path in worktree::sweep(&context.home, dry_run).await {
        removed.push(Removed::with(RemovedKind::Directory, path.display().to_string(), "a removed work tree"));
    }
    for path in stores::end_abandoned_builds(&context.home, dry_run).await? {
        removed.push(Removed::with(
            RemovedKind::State,
            path.display().to_string(),
            "an unfinished template of a store",
        ));
    }
    for file in belongings::orphaned_prepared_files(&context.home) {
        if !dry_run {
            system::remove_if_exists(&file)?;
        }
        removed.push(Removed::with(RemovedKind::State, file.display().to_string(), "of a tree that is gone"));
    }
    for directory in undone::outdated(&context.home) {
        if !dry_run {
            std::fs::remove_dir_all(&directory).map_err(system::Error::file("remove", &directory))?;
        }
        removed.push(Removed::with(
            RemovedKind::State,
            directory.display().to_string(),
            "logs of a launch that was undone",
        ));
    }
    Ok((Gc { schema: "harness/gc/1".to_owned(), dry_run, agents, removed }, worst))
}

/// What belongs to no agent: unfinished templates, and spares that no launch can use; and what killed commands left beside
/// the database of one.
async fn on_server(server: &Server, home: &str, dry_run: bool) -> postgres::Result<Vec<Removed>> {
    let (templates, spares, beside) = if dry_run {
        let unfinished = unfinished::leftovers(server, home).await?;
        (template::unfinished(server, home).await?, spare::leftovers(server, home).await?, unfinished)
    } else {
        let unfinished = unfinished::sweep(server, home).await?;
        (template::sweep(server, home).await?, spare::sweep(server, home).await?, unfinished)
    };
    let named = |name, why: &str| Removed::with(RemovedKind::Database, name, why);
    let templates = templates.into_iter().map(|it| named(it.database, "an unfinished template"));
    let spares = spares.into_iter().map(|it| named(it, "a spare that no launch can use"));
    let beside = beside.into_iter().map(|Unfinished { agent, database, leftover }| {
        let why = match leftover {
            Leftover::CutOff => format!("left by a command on the database of agent {agent} that was killed"),
            Leftover::Replaced => format!("another database has taken its place as that of agent {agent}"),
        };
        named(database, &why)
    });
    Ok(templates.chain(spares).chain(beside).collect())
}

/// Whether a launch has taken an agent up that was to be collected.
fn taken_up(context: &Context, agent: u8) -> bool {
    AgentId::try_from(agent).is_ok_and(|agent| matches!(Record::read(&context.home, agent), Ok(Some(_))))
}

/// Whether the home holds anything that might be left on a server.
fn anything(context: &Context) -> Result<bool, Failure> {
    Ok(infra::InfraRecord::read(&context.home)?.is_some())
}
