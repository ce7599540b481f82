//! The rounds: each a judgement, or overtaken.

use std::time::Duration;

use super::super::Error;
use super::super::judge::{Judgement, could_not_judge, judge};
use super::super::run::Verdict;
use super::changes::{Changes, configuration};
use super::output::{Next, Output, Paths};
use crate::agent::{self, Context, Record};
use crate::project::AgentId;
use crate::report::{Diagnostic, Failure};
use crate::supervisor::{Sign, WatchSpec, watch_files};

/// An editor that saves several files is given this time.
const DEBOUNCE_SECONDS: f64 = 0.1;
/// How many rounds may be overtaken before one runs to its end.
const PATIENCE: usize = 5;
/// Before a tree is asked for again that another verify is at work on.
const PAUSE: Duration = Duration::from_millis(300);
/// How often it is looked whether the agent is still there.
const LOOK: Duration = Duration::from_secs(1);

/// Judges as [`judge`] does, and again after each change of the tree or its configuration; `hear` gets each verdict. Returns
/// what ended it: the interruption, the teardown of the agent, or what keeps every further judgement from being made.
pub async fn watch(
    context: &Context,
    id: AgentId,
    judgement: &Judgement,
    hear: impl FnMut(&Verdict),
    interrupted: impl Future<Output = ()>,
) -> Failure {
    let (tree, project) = match agent::verify_scope(context, id) {
        Ok(scope) => (scope.tree, scope.project),
        Err(failure) => return failure,
    };
    let stages = &project.verify;
    // a mistyped name does not get right by a change of the tree
    let is_known = |name: &String| stages.iter().any(|stage| stage.name == *name);
    if let Some(name) = judgement.only.iter().find(|name| !is_known(name)) {
        let known = stages.iter().map(|stage| stage.name.clone()).collect();
        return Error::UnknownStage { name: name.clone(), known }.into();
    }
    let (noticed, signs) = tokio::sync::watch::channel(0);
    let configuration = configuration(&tree, &project.root);
    // git may ignore the overlay, and the root lies elsewhere
    let paths = [tree.clone()].into_iter().chain(configuration.clone()).collect();
    let spec = WatchSpec { paths, ignore: Vec::new(), debounce_seconds: DEBOUNCE_SECONDS };
    let watching = watch_files(spec, |sign| match sign {
        Sign::Watching | Sign::Changed => noticed.send_modify(|count| *count += 1),
        Sign::Note(text) => context.events.warning("verify", text),
        Sign::Unwatched(_) => {}
    });
    let mut changes = Changes::new(&tree, &configuration, &judgement.other_children, signs);
    tokio::select! {
        biased;
        () = interrupted => Error::Interrupted.into(),
        // it has said why
        () = watching => Error::Unwatched(tree.clone()).into(),
        failure = torn_down(context, id) => failure,
        failure = rounds(context, id, judgement, &mut changes, hear) => failure,
    }
}

/// Waits until the agent is torn down: its tree may stay, and no change of the tree would say so.
async fn torn_down(context: &Context, id: AgentId) -> Failure {
    while !matches!(Record::read(&context.home, id), Ok(None)) {
        tokio::time::sleep(LOOK).await;
    }
    agent::Error::Unknown(id).into()
}

async fn rounds(
    context: &Context,
    id: AgentId,
    judgement: &Judgement,
    changes: &mut Changes<'_>,
    mut hear: impl FnMut(&Verdict),
) -> Failure {
    let (mut overtaken, mut waits) = (0, false);
    let mut output = Output::default();
    changes.begin().await;
    loop {
        let seen = changes.state().await;
        let verdict = tokio::select! {
            biased;
            _ = changes.beyond(&seen, output.own()), if overtaken < PATIENCE => None,
            verdict = judge(context, id, judgement, std::future::pending()) => Some(verdict),
        };
        let Some(verdict) = verdict else {
            overtaken += 1;
            context.events.note("verify", "files have changed: beginning again");
            continue;
        };
        let mut verdict = match verdict {
            Ok(verdict) => verdict,
            // a configuration may be mended, a missing agent is none
            Err(failure) if failure.downcast::<agent::Error>().is_some_and(is_final) => return failure,
            Err(failure) => could_not_judge(&failure, Some(id.get()), judgement.full),
        };
        if is_busy(&verdict) {
            if !std::mem::replace(&mut waits, true) {
                context.events.note("verify", "waiting for another verify of this tree");
            }
            tokio::time::sleep(PAUSE).await;
            continue;
        }
        waits = false;
        let (now, unlike) = changes.since(&seen).await;
        let next = unlike.map_or(Next::Wait(None), |unlike| output.ended(unlike));
        if let Next::Wait(Some(warning)) = &next {
            verdict.document.warnings.push(warning.clone());
        }
        hear(&verdict);
        if next == Next::Run {
            continue;
        }
        overtaken = 0;
        if let Some(unlike) = changes.beyond(&now, &Paths::new()).await {
            output.others_changed(&unlike);
        }
    }
}

/// Whether no change of the tree cures it.
fn is_final(error: &agent::Error) -> bool {
    error.is_about_the_stack() || matches!(error, agent::Error::OtherProject { .. })
}

fn is_busy(verdict: &Verdict) -> bool {
    verdict.document.error.as_ref().is_some_and(|error| error.code == Error::Busy(None).code())
}
