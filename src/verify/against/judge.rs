//! A judgement whose failures are classed.

use std::path::Path;

use futures_util::FutureExt;

use super::super::judge::{Judgement, judge};
use super::super::run::Verdict;
use super::base::Base;
use super::baseline::{self, found};
use super::classify::{Failed, Found, classify};
use super::kept::Kept;
use super::wording::wording;
use crate::agent::{self, Context, VerifyScope};
use crate::project::AgentId;
use crate::report::Failure;
use crate::report::verify::{Against, FailureClass, Outcome, Reason};

/// How often what seems new is run again on the same tree, to find what is flaky.
const AGAIN: usize = 2;

/// Judges as [`judge`] does, then classes each failure by comparison with `reference`: by default the merge base with the
/// default branch. With `new_only` the exit code is 0 where nothing new failed; the verdict stays.
///
/// # Errors
/// As for [`judge`]; or there is no such commit.
pub async fn judge_against(
    context: &Context,
    id: AgentId,
    judgement: &Judgement,
    reference: Option<&str>,
    new_only: bool,
    interrupted: impl Future<Output = ()>,
) -> Result<Verdict, Failure> {
    let scope = agent::verify_scope(context, id)?;
    let base = Base::of(&scope.tree, reference).await?;
    let interrupted = interrupted.shared();
    let judgement = Judgement { every_failure: true, ..judgement.clone() };
    let mut verdict = judge(context, id, &judgement, interrupted.clone()).await?;
    let mut against = Against {
        reference: base.reference.clone(),
        commit: base.commit.clone(),
        tree: base.tree.clone(),
        cached: true,
        failures: Vec::new(),
        error: None,
    };
    let comparison = Comparison { context, id, judgement: &judgement, scope: &scope, base: &base };
    let failures = failures(&verdict, &scope.tree);
    if verdict.document.error.is_none()
        && !failures.is_empty()
        && let Err(failure) = comparison.run(&failures, &mut against, &interrupted).await
    {
        against.error = Some(failure.document());
    }
    let document = &mut verdict.document;
    let explained = against.error.is_none()
        && against.failures.iter().all(|it| matches!(it.class, Some(FailureClass::PreExisting | FailureClass::Flaky)));
    if new_only
        && explained
        && document.error.is_none()
        && (document.status == Outcome::Pass || document.reason == Some(Reason::StageFailed))
    {
        verdict.exit_code = 0;
    }
    document.against = Some(against);
    Ok(verdict)
}

fn failures(verdict: &Verdict, tree: &Path) -> Vec<Failed> {
    let each = verdict.failures.iter().flat_map(|of| of.each.iter().map(move |failing| (of, failing)));
    each.map(|(of, failing)| Failed {
        stage: of.stage.clone(),
        command: of.command.clone(),
        text: failing.text.clone(),
        test: failing.test.clone(),
        wording: wording(failing, tree),
    })
    .collect()
}

struct Comparison<'a> {
    context: &'a Context,
    id: AgentId,
    judgement: &'a Judgement,
    scope: &'a VerifyScope,
    base: &'a Base,
}

impl Comparison<'_> {
    async fn run(
        &self,
        failures: &[Failed],
        against: &mut Against,
        interrupted: &(impl Future<Output = ()> + Clone),
    ) -> Result<(), Failure> {
        let project = &self.scope.project;
        let events = &self.context.events;
        let waiting = || events.warning("verify", "another command runs the baseline of this project: waiting for it");
        let home = self.context.home.path();
        let mut kept = Kept::of(home, &project.root, &self.base.tree, &project.verify, waiting).await?;
        let mut baseline = kept.found();
        let unknown =
            stages(failures.iter().filter(|it| !baseline.contains_key(&(it.stage.clone(), it.command.clone()))));
        if !unknown.is_empty() {
            against.cached = false;
            let commit = &self.base.commit[..10];
            let task = events.task("verify", format!("run {} on {commit}", unknown.join(", ")));
            let found = baseline::run(self.context, &project.root, self.base, unknown, interrupted.clone()).await?;
            task.finish();
            kept.keep(&found)?;
            baseline = kept.found();
        }
        drop(kept);
        let mut again: Vec<Found> = Vec::new();
        against.failures = classify(failures, &baseline, &again);
        for _ in 0..AGAIN {
            let new = |(failure, class): &(&Failed, Option<FailureClass>)| {
                (*class != Some(FailureClass::PreExisting) && *class != Some(FailureClass::Flaky))
                    .then(|| (*failure).clone())
            };
            let classes = against.failures.iter().map(|it| it.class);
            let suspects: Vec<Failed> = failures.iter().zip(classes).filter_map(|it| new(&it)).collect();
            if suspects.is_empty() {
                break;
            }
            let only = stages(suspects.iter());
            let judgement =
                Judgement { only, keep_going: true, unrecorded: true, affected: false, ..self.judgement.clone() };
            let verdict = judge(self.context, self.id, &judgement, interrupted.clone()).await?;
            again.push(found(&verdict, &self.scope.tree));
            against.failures = classify(failures, &baseline, &again);
        }
        Ok(())
    }
}

/// The stages of failures, each once.
fn stages<'a>(failures: impl Iterator<Item = &'a Failed>) -> Vec<String> {
    let mut stages: Vec<String> = failures.map(|failed| failed.stage.clone()).collect();
    stages.dedup();
    stages.sort();
    stages.dedup();
    stages
}
