//! Several agents in one command: the shared servers once, then every agent beside the others.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Instant;

use super::run::Run;
use super::scope::{LaunchOptions, Scope};
use crate::agent::lease::Lease;
use crate::agent::{Context, Error, Lifecycle, Record, beside, teardown};
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
    let at_work = RefCell::default();
    let work =
        async { beside::all(agents.iter().map(|agent| one(context, &project, *agent, options, &at_work))).await };
    tokio::select! {
        results = work => {
            let worst = results.iter().filter_map(|(_, kind)| *kind).max();
            let agents = results.into_iter().map(|(agent, _)| agent).collect();
            Ok((Launch { schema: "harness/launch/1".to_owned(), agents }, worst))
        }
        () = crate::agent::interrupted() => {
            let begun = at_work.take();
            let undo = beside::all(begun.into_iter().map(|agent| undo(context, agent, options)));
            tokio::select! {
                _ = undo => {}
                // asked a second time: the next launch or teardown goes on from here
                () = crate::agent::interrupted() => {}
            }
            Err(Error::Interrupted.into())
        }
    }
}

async fn one(
    context: &Context,
    project: &Project,
    agent: AgentId,
    options: &LaunchOptions,
    at_work: &RefCell<BTreeSet<AgentId>>,
) -> (LaunchedAgent, Option<Kind>) {
    let began = Instant::now();
    let mut report = LaunchedAgent::of(agent.get(), &project.name);
    let mut undone = false;
    let result = async {
        let lease = Lease::take(context, agent, "launch").await?;
        at_work.borrow_mut().insert(agent);
        let scope = Scope { context, options, agent };
        let mut attempt = Run::begin(scope, project, &lease).await?;
        let result = attempt.run(project).await;
        attempt.describe(&mut report).await;
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
                // its logs are removed too
                document.hint = Some(format!("run `harness launch {agent} --keep`, then `harness logs {agent}`"));
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
        teardown::undo(context, &lease, Some(&record), false).await;
    }
}
