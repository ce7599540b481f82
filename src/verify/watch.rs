//! `--watch`: a judgement of each state of the tree.
//!
//! A change counts once the tree has another name: what git ignores, a file that is only touched and one that is changed
//! back begin nothing. A round that is overtaken is dropped with all that it started, and leaves no record. Commands that
//! write to the tree overtake their own round, so after a few of these one runs to its end, and says what changed.

use std::path::Path;
use std::time::Duration;

use tokio::sync::{Mutex, watch::Receiver};

use super::Error;
use super::judge::{Judgement, could_not_judge, judge};
use super::run::Verdict;
use super::work_tree::WorkTree;
use crate::agent::{self, Context};
use crate::project::AgentId;
use crate::report::{Diagnostic, Failure};
use crate::supervisor::{Sign, WatchSpec, watch_files};

/// An editor that saves several files is given this time.
const DEBOUNCE_SECONDS: f64 = 0.1;
/// How many rounds in a row may be overtaken.
const PATIENCE: usize = 5;
/// Before a tree is asked for again that another verify is at work on.
const PAUSE: Duration = Duration::from_millis(300);

/// Judges as [`judge`] does, and again after each change of the tree; `hear` gets each verdict. Returns what ended it:
/// the interruption, or what keeps every further judgement from being made.
pub async fn watch(
    context: &Context,
    id: AgentId,
    judgement: &Judgement,
    hear: impl FnMut(&Verdict),
    interrupted: impl Future<Output = ()>,
) -> Failure {
    let (tree, stages) = match agent::verify_scope(context, id) {
        Ok(scope) => (scope.tree, scope.project.verify),
        Err(failure) => return failure,
    };
    // a mistyped name does not get right by a change of the tree
    let is_known = |name: &String| stages.iter().any(|stage| stage.name == *name);
    if let Some(name) = judgement.only.iter().find(|name| !is_known(name)) {
        let known = stages.iter().map(|stage| stage.name.clone()).collect();
        return Error::UnknownStage { name: name.clone(), known }.into();
    }
    let (noticed, signs) = tokio::sync::watch::channel(0);
    let spec = WatchSpec { paths: vec![tree.clone()], ignore: Vec::new(), debounce_seconds: DEBOUNCE_SECONDS };
    let watching = watch_files(spec, |sign| match sign {
        Sign::Watching | Sign::Changed => noticed.send_modify(|count| *count += 1),
        Sign::Note(text) => context.events.warning("verify", text),
        Sign::Unwatched(_) => {}
    });
    let mut changes = Changes { tree: &tree, other_children: &judgement.other_children, signs, examined: 0 };
    tokio::select! {
        biased;
        () = interrupted => Error::Interrupted.into(),
        // it has said why
        () = watching => Error::Unwatched(tree.clone()).into(),
        failure = rounds(context, id, judgement, &mut changes, hear) => failure,
    }
}

async fn rounds(
    context: &Context,
    id: AgentId,
    judgement: &Judgement,
    changes: &mut Changes<'_>,
    mut hear: impl FnMut(&Verdict),
) -> Failure {
    let (mut overtaken, mut waits) = (0, false);
    // from now on none is missed
    changes.examined = changes.next().await;
    loop {
        let seen = changes.name().await;
        let verdict = tokio::select! {
            biased;
            () = changes.beyond(seen.as_deref()), if overtaken < PATIENCE => None,
            verdict = judge(context, id, judgement, std::future::pending()) => Some(verdict),
        };
        let Some(verdict) = verdict else {
            overtaken += 1;
            context.events.note("verify", "files have changed: beginning again");
            continue;
        };
        let verdict = match verdict {
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
        (overtaken, waits) = (0, false);
        hear(&verdict);
        changes.beyond(seen.as_deref()).await;
    }
}

/// Whether no change of the tree cures it.
fn is_final(error: &agent::Error) -> bool {
    error.is_about_the_stack() || matches!(error, agent::Error::OtherProject { .. })
}

fn is_busy(verdict: &Verdict) -> bool {
    verdict.document.error.as_ref().is_some_and(|error| error.code == Error::Busy(None).code())
}

/// What happens to the tree.
struct Changes<'a> {
    tree: &'a Path,
    other_children: &'a Mutex<()>,
    /// How many signs there were.
    signs: Receiver<u64>,
    /// How many of them are done with.
    examined: u64,
}

impl Changes<'_> {
    /// Waits for a sign that is not done with.
    async fn next(&mut self) -> u64 {
        let examined = self.examined;
        let came = self.signs.wait_for(|count| *count > examined).await.map(|count| *count);
        match came {
            Ok(count) => count,
            // the watcher has ended, and all of this with it
            Err(_) => std::future::pending().await,
        }
    }

    /// Waits until the tree is another than `seen`. Dropped, it has missed nothing.
    async fn beyond(&mut self, seen: Option<&str>) {
        loop {
            let next = self.next().await;
            let name = self.name().await;
            self.examined = next;
            if name.is_none() || name.as_deref() != seen {
                return;
            }
        }
    }

    /// The name of the present tree; `None` where git has none for it, so that every sign counts.
    async fn name(&self) -> Option<String> {
        let _alone = self.other_children.lock().await;
        let scratch = std::env::temp_dir();
        WorkTree::open(self.tree, &scratch).await.ok()??.name().await.ok()?
    }
}
