//! A run of stages on a clean tree of a commit, as an agent that exists for that long.

use std::path::Path;

use super::super::judge::{Judgement, judge};
use super::super::repository::git;
use super::super::run::Verdict;
use super::base::Base;
use super::classify::Found;
use super::wording::wording;
use crate::agent::{self, Context, LaunchOptions, TeardownOptions, TeardownTarget};
use crate::project::AgentId;
use crate::report::Failure;
use crate::report::verify::StageStatus;

/// Launches an agent on `base`, runs `stages` there, and tears it down. `root` is the project's.
///
/// # Errors
/// No agent can be launched there; the work tree cannot be made.
pub(super) async fn run(
    context: &Context,
    root: &Path,
    base: &Base,
    stages: Vec<String>,
    interrupted: impl Future<Output = ()>,
) -> Result<Found, Failure> {
    let mut context = Context { directory: root.to_owned(), ..context.clone() };
    // the tree is another one than the caller's
    context.environment.remove("AGENT_ID");
    let branch = format!("harness-baseline-{}", &base.tree[..12]);
    let reference = format!("refs/heads/{branch}");
    git(root).text(&["update-ref", &reference, &base.commit]).await.map_err(super::super::Error::from)?;
    // processes that do not come up there are no reason not to run what needs none
    let options = LaunchOptions { worktree: Some(true), branch: Some(branch), keep: true, ..LaunchOptions::default() };
    let launched = agent::launch_here(&context, &options).await;
    let result = match &launched {
        Ok((launch, _)) => match launch.agents.first().and_then(|agent| AgentId::try_from(agent.agent).ok()) {
            Some(id) => {
                let found = judged(&context, id, stages, interrupted).await;
                tear_down(&context, id).await.and(found)
            }
            None => Ok(Found::new()),
        },
        Err(_) => Ok(Found::new()),
    };
    let _ = git(root).output(&["update-ref", "-d", &reference, &base.commit]).await;
    launched?;
    result
}

async fn judged(
    context: &Context,
    id: AgentId,
    stages: Vec<String>,
    interrupted: impl Future<Output = ()>,
) -> Result<Found, Failure> {
    let judgement =
        Judgement { only: stages, keep_going: true, every_failure: true, force: true, ..Judgement::default() };
    let tree = agent::verify_scope(context, id)?.tree;
    let verdict = judge(context, id, &judgement, interrupted).await?;
    Ok(found(&verdict, &tree))
}

/// What a run in `tree` has found.
pub(super) fn found(verdict: &Verdict, tree: &Path) -> Found {
    let mut found = Found::new();
    for stage in &verdict.document.stages {
        for command in stage.commands.iter().filter(|command| command.status != StageStatus::Skipped) {
            let failures = verdict.failures.iter().find(|it| (&it.stage, &it.command) == (&stage.name, &command.name));
            let wordings = failures.map(|it| it.each.iter().map(|failing| wording(failing, tree)).collect());
            found.insert((stage.name.clone(), command.name.clone()), wordings.unwrap_or_default());
        }
    }
    found
}

async fn tear_down(context: &Context, id: AgentId) -> Result<(), Failure> {
    let options = TeardownOptions {
        target: TeardownTarget::Agents(vec![id]),
        dry_run: false,
        // what its tests have written is nobody's work
        force: true,
        infra: false,
        volumes: false,
        only_leftovers: false,
    };
    agent::teardown(context, &options).await.map(|_| ())
}
