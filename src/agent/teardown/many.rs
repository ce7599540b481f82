//! Which agents are meant, then each of them beside the others, then the shared servers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Instant;

use super::one;
use super::options::{TeardownOptions, TeardownTarget};
use crate::agent::worktree::spare::{self, Swept};
use crate::agent::{Context, Error, Record, belongings, beside, identity, ownership};
use crate::infra::{self, Infra};
use crate::project::AgentId;
use crate::report::{Failure, Kind, Removed, RemovedKind, Teardown, TornDownAgent};
use crate::stores;

/// Tears agents down. Returns what happened to each, and the kind of the worst failure.
///
/// # Errors
/// Nothing could be tried; or the servers were to be stopped under agents that stay, and nothing was done.
pub async fn teardown(context: &Context, options: &TeardownOptions) -> Result<(Teardown, Option<Kind>), Failure> {
    if !context.home.exists() {
        return Ok((nothing(options), None));
    }
    context.home.whole()?;
    check_projects(context, options)?;
    check_nobody_stays(context, options)?;
    let infra = servers(context, options).await?;
    let mut agents = match &options.target {
        TeardownTarget::Agents(agents) => agents.clone(),
        TeardownTarget::All => everyone(context, infra.as_ref()).await?,
    };
    agents.sort_unstable();
    agents.dedup();
    let results = beside::all(agents.iter().map(|agent| timed(context, infra.as_ref(), *agent, options))).await;
    let mut worst = results.iter().filter_map(|(_, kind)| *kind).max();
    let agents = results.into_iter().map(|(agent, _)| agent).collect();
    let mut report =
        Teardown { schema: "harness/teardown/1".to_owned(), dry_run: options.dry_run, agents, infra: None };
    if options.infra && worst.is_none() {
        report.infra = Some(stop_infra(context, options).await?);
    } else if options.infra {
        context.events.warning("infra", "not stopped, because an agent could not be removed");
        worst = worst.max(Some(Kind::Conflict));
    }
    Ok((report, worst))
}

/// In a home that does not exist.
fn nothing(options: &TeardownOptions) -> Teardown {
    let agents = match &options.target {
        TeardownTarget::Agents(agents) => agents.iter().map(|agent| TornDownAgent::of(agent.get())).collect(),
        TeardownTarget::All => Vec::new(),
    };
    let infra = options.infra.then(Vec::new);
    Teardown { schema: "harness/teardown/1".to_owned(), dry_run: options.dry_run, agents, infra }
}

async fn timed(
    context: &Context,
    infra: Option<&Infra>,
    agent: AgentId,
    options: &TeardownOptions,
) -> (TornDownAgent, Option<Kind>) {
    let began = Instant::now();
    let mut report = TornDownAgent::of(agent.get());
    let result = one::teardown(context, infra, agent, options, &mut report).await;
    report.duration_ms = crate::report::milliseconds(began.elapsed());
    let kind = result.err().map(|failure| {
        report.error = Some(failure.document());
        failure.kind()
    });
    (report, kind)
}

/// The shared servers, started as recorded if the agents may have things on them. Servers that do not start are
/// no reason to keep what is elsewhere.
async fn servers(context: &Context, options: &TeardownOptions) -> Result<Option<Infra>, Failure> {
    let is_needed = match &options.target {
        TeardownTarget::All => !options.volumes || !identity::agents(context)?.is_empty(),
        TeardownTarget::Agents(agents) => agents.iter().any(|agent| {
            // an agent without a readable record may have anything there
            !matches!(Record::read(&context.home, *agent), Ok(Some(record)) if !record.used_servers)
        }),
    };
    if options.dry_run || !is_needed {
        return Ok(infra::open(&context.home).await?.map(Infra::impatient));
    }
    match infra::resume(&context.home, &context.events).await {
        Ok(infra) => Ok(infra),
        Err(error) => {
            context.events.warning("infra", format!("continuing without the servers that do not start: {error}"));
            // their silence was waited for already
            Ok(infra::open(&context.home).await?.map(Infra::impatient))
        }
    }
}

/// Every agent with a record, a database, a role, a bucket or a process of this home; in a project, of
/// that project only.
async fn everyone(context: &Context, infra: Option<&Infra>) -> Result<Vec<AgentId>, Failure> {
    let project = context.project().ok();
    let mut agents = identity::agents(context)?;
    agents.retain(|agent| is_here(context, *agent));
    let known = identity::agents(context)?;
    for (agent, owner) in belongings::inspect(context, infra).await? {
        let ours = project.as_ref().is_none_or(|project| owner.as_ref().is_none_or(|owner| *owner == project.name));
        if ours && !known.contains(&agent) {
            agents.push(agent);
        }
    }
    Ok(agents)
}

/// Whether an agent is one of the project that the command stands in.
fn is_here(context: &Context, agent: AgentId) -> bool {
    ownership::check_agent(context, agent, false).is_ok()
}

/// Refuses agents of another project before any is touched, in a dry run too: it says what the real run does. What is
/// left over is collected for every project.
fn check_projects(context: &Context, options: &TeardownOptions) -> Result<(), Failure> {
    let TeardownTarget::Agents(agents) = &options.target else { return Ok(()) };
    if options.only_leftovers {
        return Ok(());
    }
    agents.iter().try_for_each(|agent| ownership::check_agent(context, *agent, options.force))
}

/// Refuses to stop the servers under agents that are not torn down with them.
fn check_nobody_stays(context: &Context, options: &TeardownOptions) -> Result<(), Failure> {
    if !options.infra || options.force {
        return Ok(());
    }
    // a directory without a record is a command in progress, or what one left
    let known = identity::agents(context)?.into_iter();
    let known: Vec<AgentId> = known.filter(|agent| !matches!(Record::read(&context.home, *agent), Ok(None))).collect();
    let is_going = |agent: &AgentId| match &options.target {
        TeardownTarget::Agents(going) => going.contains(agent),
        TeardownTarget::All => is_here(context, *agent),
    };
    let agents: Vec<AgentId> = known.iter().copied().filter(|agent| !is_going(agent)).collect();
    if agents.is_empty() {
        return Ok(());
    }
    let removal = removal(context, options, &agents);
    Err(Error::InfraInUse { agents, removal }.into())
}

/// The commands that tear down `staying` and then everything that this command asks for: an agent of another project
/// is removed from there.
fn removal(context: &Context, options: &TeardownOptions, staying: &[AgentId]) -> Vec<String> {
    let (others, own): (Vec<AgentId>, Vec<AgentId>) = staying.iter().partition(|agent| !is_here(context, **agent));
    let mut elsewhere: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for agent in others {
        let record = Record::read(&context.home, agent).ok().flatten();
        let root = record.map_or_else(|| ".".to_owned(), |record| record.project_root.display().to_string());
        elsewhere.entry(root).or_default().push(agent.to_string());
    }
    let mut commands: Vec<String> = elsewhere
        .into_iter()
        .map(|(root, agents)| format!("`harness -C {} teardown {}`", shell_words::quote(&root), agents.join(" ")))
        .collect();
    let mut words = vec!["harness teardown".to_owned()];
    match &options.target {
        TeardownTarget::All => words.push("--all".to_owned()),
        TeardownTarget::Agents(going) => {
            let all: BTreeSet<AgentId> = going.iter().chain(&own).copied().collect();
            words.extend(all.iter().map(ToString::to_string));
        }
    }
    words.push("--infra".to_owned());
    words.extend(options.volumes.then(|| "--volumes".to_owned()));
    commands.push(format!("`{}`", words.join(" ")));
    commands
}

async fn stop_infra(context: &Context, options: &TeardownOptions) -> Result<Vec<Removed>, Failure> {
    let mut removed = spare_trees(context, options).await;
    let templates = if options.volumes {
        stores::remove_all(&context.home, options.dry_run).await?
    } else {
        stores::end_abandoned_builds(&context.home, options.dry_run).await?
    };
    removed.extend(if options.dry_run {
        infra::removable(&context.home, options.volumes, &context.events).await?
    } else {
        infra::teardown(&context.home, options.volumes, &context.events).await?.removed
    });
    let template =
        |path: PathBuf| Removed::with(RemovedKind::Data, path.display().to_string(), "a template of a store");
    removed.extend(templates.into_iter().map(template));
    Ok(removed)
}

/// Removes the spare work trees of the home: without its servers no agent takes one.
async fn spare_trees(context: &Context, options: &TeardownOptions) -> Vec<Removed> {
    if !options.dry_run {
        spare::stop(&context.home).await;
    }
    let mut removed = Vec::new();
    for swept in spare::sweep(&context.home, (options.dry_run, options.force), |_| false).await {
        match swept {
            Swept::Removed { path, .. } => {
                let detail = "a spare work tree";
                removed.push(Removed::with(RemovedKind::WorkTree, path.display().to_string(), detail));
            }
            Swept::Kept { path, why } => {
                let text = format!("the spare work tree `{}` stays without --force: {why}", path.display());
                context.events.warning("infra", text);
            }
        }
    }
    removed
}
