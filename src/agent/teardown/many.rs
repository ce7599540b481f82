//! Which agents are meant, then each of them beside the others, then the shared servers.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use futures_util::future::join_all;

use super::{one, survey};
use crate::agent::{Context, Error, Record, identity};
use crate::infra::{self, Infra};
use crate::project::{AgentId, Project};
use crate::report::{Failure, Kind, Removed, Teardown, TornDownAgent};

/// Whom to tear down, and how.
#[derive(Debug, Clone)]
pub struct TeardownOptions {
    /// Whom.
    pub target: TeardownTarget,
    /// Only say what would be removed.
    pub dry_run: bool,
    /// Also remove a work tree that holds work nobody else has; also stop the servers under agents that stay.
    pub force: bool,
    /// Also stop the shared servers.
    pub infra: bool,
    /// And remove their data.
    pub volumes: bool,
    /// Only those that turn out to be left over once nobody else is at work on them.
    pub only_leftovers: bool,
}

/// Whom to tear down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TeardownTarget {
    /// These.
    Agents(Vec<AgentId>),
    /// Every agent of the project that the command stands in; outside a project, of the home.
    All,
}

/// Tears agents down. Returns what happened to each, and the kind of the worst failure.
///
/// # Errors
/// Nothing could be tried; or the servers were to be stopped under agents that stay, and nothing was done.
pub async fn teardown(context: &Context, options: &TeardownOptions) -> Result<(Teardown, Option<Kind>), Failure> {
    check_nobody_stays(context, options)?;
    let infra = servers(context, options).await?;
    let mut agents = match &options.target {
        TeardownTarget::Agents(agents) => agents.clone(),
        TeardownTarget::All => everyone(context, infra.as_ref()).await?,
    };
    agents.sort_unstable();
    agents.dedup();
    let results = join_all(agents.iter().map(|agent| timed(context, infra.as_ref(), *agent, options))).await;
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

/// The shared servers, started as recorded if something of the agents may live on them.
async fn servers(context: &Context, options: &TeardownOptions) -> Result<Option<Infra>, Failure> {
    let nobody = match &options.target {
        TeardownTarget::All => options.volumes && identity::agents(context)?.is_empty(),
        TeardownTarget::Agents(agents) => agents.is_empty(),
    };
    if options.dry_run || nobody {
        return Ok(infra::open(&context.home).await?);
    }
    Ok(infra::resume(&context.home, &context.events).await?)
}

/// Every agent with a record, a database, a role, a bucket or a process of this home; in a project, of
/// that project only.
async fn everyone(context: &Context, infra: Option<&Infra>) -> Result<Vec<AgentId>, Failure> {
    let project = context.project().ok();
    let mut agents = identity::agents(context)?;
    agents.retain(|agent| !is_anothers(context, project.as_ref(), *agent));
    let known = identity::agents(context)?;
    for (agent, owner) in survey::strays(context, infra).await? {
        let ours = project.as_ref().is_none_or(|project| owner.as_ref().is_none_or(|owner| *owner == project.name));
        if ours && !known.contains(&agent) {
            agents.push(agent);
        }
    }
    Ok(agents)
}

/// Whether an agent belongs to another project than this one.
fn is_anothers(context: &Context, project: Option<&Project>, agent: AgentId) -> bool {
    match (project, Record::read(&context.home, agent)) {
        (Some(project), Ok(Some(record))) => record.project != project.name || record.project_root != project.root,
        // a damaged record is everybody's: somebody has to be able to remove it
        _ => false,
    }
}

/// Refuses to stop the servers under agents that are not torn down with them.
fn check_nobody_stays(context: &Context, options: &TeardownOptions) -> Result<(), Failure> {
    if !options.infra || options.force {
        return Ok(());
    }
    let mut agents = identity::agents(context)?;
    match &options.target {
        TeardownTarget::Agents(going) => agents.retain(|agent| !going.contains(agent)),
        TeardownTarget::All => {
            let project = context.project().ok();
            agents.retain(|agent| is_anothers(context, project.as_ref(), *agent));
        }
    }
    // a directory without a record is a command in progress, or what one left
    agents.retain(|agent| !matches!(Record::read(&context.home, *agent), Ok(None)));
    if agents.is_empty() {
        return Ok(());
    }
    let removal = removal(context, options, &agents);
    Err(Error::InfraInUse { agents, removal }.into())
}

/// The commands that tear down `staying` and then everything that this command asks for: an agent of another project
/// is removed from there.
fn removal(context: &Context, options: &TeardownOptions, staying: &[AgentId]) -> Vec<String> {
    let project = context.project().ok();
    let (others, own): (Vec<AgentId>, Vec<AgentId>) =
        staying.iter().partition(|agent| is_anothers(context, project.as_ref(), **agent));
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
    if options.dry_run {
        let status = infra::status(&context.home).await?;
        return Ok(status.services.iter().map(|service| Removed::new("service", &service.name)).collect());
    }
    let report = infra::teardown(&context.home, options.volumes, &context.events).await?;
    Ok(report.removed)
}
