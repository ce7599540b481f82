//! Several agents in one command: the shared servers once, then every agent beside the others.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Instant;

use super::admission;
use super::run::Run;
use super::scope::{LaunchOptions, Lodging, Scope};
use crate::agent::lease::Lease;
use crate::agent::worktree::spare;
use crate::agent::{Context, Error, Lifecycle, Record, beside, identity, teardown};
use crate::postgres::background::Background;
use crate::project::{AgentId, Project};
use crate::report::{Failure, Kind, Launch, LaunchOutcome, LaunchedAgent};

/// Launches `agents` of the project of the current directory. Returns what happened to each, and the
/// kind of the worst failure among them.
///
/// # Errors
/// Nothing could be tried: no project, a wrong configuration, no shared servers. On SIGINT or SIGTERM,
/// after first launches were undone, [`Error::Interrupted`].
pub async fn launch(
    context: &Context,
    agents: &[AgentId],
    options: &LaunchOptions,
) -> Result<(Launch, Option<Kind>), Failure> {
    let project = context.project()?;
    if let Some(agent) = agents.iter().find(|agent| !project.allows(**agent)) {
        let (project, max) = (project.name.clone(), project.max_agents);
        return Err(Error::BeyondLimit { agent: *agent, project, max }.into());
    }
    let lodging = lodging(context, agents, options)?;
    let whom = agents.iter().copied().map(Whom::Named).collect();
    together(context, &project, whom, options, &lodging).await
}

/// The same for one agent whose lease is taken.
pub(super) async fn launch_leased(
    context: &Context,
    project: &Project,
    lease: Lease,
    options: &LaunchOptions,
    lodging: &Lodging,
) -> Result<(Launch, Option<Kind>), Failure> {
    together(context, project, vec![Whom::Leased(lease)], options, lodging).await
}

/// One id, given in a linked work tree that no agent lives in, is for that tree; several are for the project.
fn lodging(context: &Context, agents: &[AgentId], options: &LaunchOptions) -> Result<Lodging, Failure> {
    let place = context.place()?;
    let is_for_here =
        agents.len() == 1 && options.worktree != Some(false) && identity::standing_in(context)?.is_empty();
    Ok(match place.linked.filter(|_| is_for_here) {
        Some(path) => Lodging::Adopted { path, tree: place.tree },
        None => Lodging::AsConfigured,
    })
}

/// Whom a launch is for.
enum Whom {
    Named(AgentId),
    Leased(Lease),
}

impl Whom {
    fn agent(&self) -> AgentId {
        match self {
            Self::Named(agent) => *agent,
            Self::Leased(lease) => lease.agent,
        }
    }
}

/// All of them beside each other; undone when interrupted.
async fn together(
    context: &Context,
    project: &Project,
    whom: Vec<Whom>,
    options: &LaunchOptions,
    lodging: &Lodging,
) -> Result<(Launch, Option<Kind>), Failure> {
    let agents: Vec<AgentId> = whom.iter().map(Whom::agent).collect();
    let mut refused = admission::refused(context, project, &agents, options).await?;
    let (at_work, refills) = (RefCell::default(), RefCell::default());
    let work = async {
        let (at_work, refills) = (&at_work, &refills);
        let launches = whom.into_iter().map(|whom| {
            let refusal = refused.remove(&whom.agent());
            one(context, project, whom, refusal, (options, lodging), (at_work, refills))
        });
        beside::all(launches).await
    };
    tokio::select! {
        biased;
        () = crate::agent::interrupted() => {
            let begun = at_work.take();
            let undo = beside::all(begun.into_iter().map(|agent| undo(context, agent, options)));
            tokio::select! {
                biased;
                // asked a second time: the next launch or teardown goes on from here
                () = crate::agent::interrupted() => {}
                _ = undo => {}
            }
            Err(Error::Interrupted.into())
        }
        results = work => {
            // now that nothing is in a hurry any more; once for agents of one template
            for refill in refills.take() {
                refill.start(&context.home.infra_dir());
            }
            if spare::is_needed(context, project) {
                spare::start(context, &project.root);
            }
            let worst = results.iter().filter_map(|(_, kind)| *kind).max();
            let agents = results.into_iter().map(|(agent, _)| agent).collect();
            Ok((Launch { schema: "harness/launch/1".to_owned(), agents }, worst))
        }
    }
}

async fn one(
    context: &Context,
    project: &Project,
    whom: Whom,
    refusal: Option<Error>,
    (options, lodging): (&LaunchOptions, &Lodging),
    (at_work, refills): (&RefCell<BTreeSet<AgentId>>, &RefCell<Vec<Background>>),
) -> (LaunchedAgent, Option<Kind>) {
    let began = Instant::now();
    let agent = whom.agent();
    let mut report = LaunchedAgent::of(agent.get(), &project.name);
    let mut undone = false;
    let result = async {
        let lease = match whom {
            Whom::Named(agent) => Lease::take(context, agent, "launch").await?,
            Whom::Leased(lease) => lease,
        };
        if let Some(refusal) = refusal {
            lease.forget_if_empty(context);
            return Err(refusal.into());
        }
        at_work.borrow_mut().insert(agent);
        let scope = Scope { context, options, agent, lodging };
        let mut attempt = match Run::begin(scope, project, &lease).await {
            Ok(attempt) => attempt,
            Err(failure) => {
                // nothing was begun: the id is free again
                lease.forget_if_empty(context);
                return Err(failure);
            }
        };
        let result = attempt.run(project).await;
        attempt.describe(&mut report).await;
        let known = |refill: &Background| refills.borrow().contains(refill);
        if let Some(refill) = attempt.refill().filter(|refill| !known(refill)) {
            refills.borrow_mut().push(refill);
        }
        if result.is_err() {
            undone = attempt.give_up().await;
        }
        at_work.borrow_mut().remove(&agent);
        result
    }
    .await;
    report.duration_ms = crate::report::milliseconds(began.elapsed());
    match result {
        Ok(outcome) => {
            report.outcome = outcome;
            (report, None)
        }
        Err(failure) => {
            report.outcome = LaunchOutcome::Failed;
            let mut document = failure.document();
            if undone && matches!(failure.downcast(), Some(Error::Unhealthy { .. })) {
                // its logs outlive it
                document.hint = Some(format!(
                    "run `harness logs {agent}`; `harness launch {agent} --keep` leaves what failed as it is"
                ));
            }
            report.error = Some(document);
            (report, Some(failure.kind()))
        }
    }
}

/// Undoes a first launch of this command that was interrupted, unless another command continues it.
async fn undo(context: &Context, agent: AgentId, options: &LaunchOptions) {
    if options.keep {
        return;
    }
    let Ok(lease) = Lease::take(context, agent, "undo launch").await else { return };
    if let Ok(Some(record)) = Record::read(&context.home, agent)
        && record.lifecycle == Lifecycle::Launching
        && !record.kept
    {
        teardown::undo(context, &lease, Some(&record), teardown::Undo::Interrupted).await;
    }
    lease.forget_if_empty(context);
}
