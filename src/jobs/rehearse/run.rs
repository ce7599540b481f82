//! The rehearsal as a whole.

use std::path::{Path, PathBuf};

use super::input::{git, input};
use super::merge::{Merged, merge};
use super::migrations::{added, collisions};
use super::stack::judge;
use crate::agent::{self, Context};
use crate::jobs::own::Own;
use crate::report::verify::Outcome;
use crate::report::{Failure, Rehearsal, RehearsalProblem, RehearsalTrouble, RehearsedInput};

/// What to rehearse.
#[derive(Debug, Clone)]
pub struct Request {
    /// Agents and branches, in the order of their merge; two at least.
    pub words: Vec<String>,
    /// What they are merged into.
    pub base: String,
    /// Only merge; launch nothing.
    pub merge_only: bool,
}

/// Rehearses.
///
/// # Errors
/// There is no such agent or branch, or a thing of the rehearsal could not be made or removed.
pub async fn rehearse(context: &Context, request: &Request) -> Result<Rehearsal, Failure> {
    let own = Own::of(&context.home, context.environment.clone())?;
    let work = whole(context, request, &own);
    tokio::pin!(work);
    tokio::select! {
        biased;
        () = agent::interrupted() => own.stop(),
        done = &mut work => return done,
    }
    // what was begun is removed first
    work.await?;
    Err(agent::Error::Interrupted.into())
}

async fn whole(context: &Context, request: &Request, own: &Own) -> Result<Rehearsal, Failure> {
    let root: PathBuf = context.project()?.root.clone();
    let base_name = format!("{}^{{commit}}", request.base);
    let base = git(&root).text(&["rev-parse", "--verify", "--end-of-options", &base_name]).await?;
    let mut inputs = Vec::new();
    for word in &request.words {
        inputs.push(input(context, &root, word).await?);
    }
    let mut problems = of_numbers(&root, &base, &inputs).await?;
    let (merged, conflicts) = merge_all(&root, &base, &inputs).await?;
    problems.extend(conflicts);
    let mut verify = None;
    if problems.is_empty() && !request.merge_only {
        let judged = judge(own, &root, &merged).await?;
        verify = judged.verify.clone();
        if !judged.passed {
            let reason = judged.problem.unwrap_or_default();
            problems.extend(look_for_pair(context, own, &root, &base, &mut inputs, &reason).await?);
        }
    }
    let status = if problems.is_empty() { Outcome::Pass } else { Outcome::Fail };
    Ok(Rehearsal { schema: "harness/rehearse/1".to_owned(), status, base, inputs, problems, verify })
}

async fn of_numbers(root: &Path, base: &str, inputs: &[RehearsedInput]) -> Result<Vec<RehearsalProblem>, Failure> {
    let mut files = Vec::new();
    for input in inputs {
        files.push(added(root, base, &input.commit).await?);
    }
    let mut problems = Vec::new();
    for (one, other) in pairs(inputs.len()) {
        let paths = collisions(&files[one], &files[other]);
        if !paths.is_empty() {
            let detail = "two migrations have one number".to_owned();
            problems.push(of_pair(RehearsalTrouble::MigrationNumber, inputs, one, other, paths, detail));
        }
    }
    Ok(problems)
}

/// All merged in order; what conflicts is left out, so that one rehearsal finds all of it.
async fn merge_all(
    root: &Path,
    base: &str,
    inputs: &[RehearsedInput],
) -> Result<(String, Vec<RehearsalProblem>), Failure> {
    let (mut merged, mut problems) = (base.to_owned(), Vec::new());
    for (at, input) in inputs.iter().enumerate() {
        let paths = match merge(root, &merged, &input.commit).await? {
            Merged::Clean(commit) => {
                merged = commit;
                continue;
            }
            Merged::Conflict(paths) => paths,
        };
        let mut with = None;
        for (earlier, other) in inputs[..at].iter().enumerate() {
            if matches!(merge(root, &other.commit, &input.commit).await?, Merged::Conflict(_)) {
                with = Some(earlier);
                break;
            }
        }
        let detail = "the same lines are changed".to_owned();
        problems.push(match with {
            Some(earlier) => of_pair(RehearsalTrouble::Conflict, inputs, earlier, at, paths, detail),
            None => RehearsalProblem {
                kind: RehearsalTrouble::Conflict,
                between: vec![request_name(base), input.name.clone()],
                paths,
                detail,
            },
        });
    }
    Ok((merged, problems))
}

fn request_name(base: &str) -> String {
    base.chars().take(12).collect()
}

/// Which of them fail alone, and otherwise which two fail together.
async fn look_for_pair(
    context: &Context,
    own: &Own,
    root: &Path,
    base: &str,
    inputs: &mut [RehearsedInput],
    together: &str,
) -> Result<Vec<RehearsalProblem>, Failure> {
    let note = |text: String| context.events.note("rehearse", text);
    let mut problems = Vec::new();
    for input in inputs.iter_mut() {
        note(format!("together they fail; `{}` alone", input.name));
        // as it would be merged first
        let Merged::Clean(commit) = merge(root, base, &input.commit).await? else { continue };
        let judged = judge(own, root, &commit).await?;
        input.alone = Some(if judged.passed { Outcome::Pass } else { Outcome::Fail });
        if !judged.passed {
            problems.push(RehearsalProblem {
                kind: RehearsalTrouble::Alone,
                between: vec![input.name.clone()],
                paths: Vec::new(),
                detail: judged.problem.unwrap_or_default(),
            });
        }
    }
    if !problems.is_empty() {
        return Ok(problems);
    }
    // of two, it is these two
    if inputs.len() > 2 {
        for (one, other) in pairs(inputs.len()) {
            note(format!("`{}` with `{}`", inputs[one].name, inputs[other].name));
            let (merged, _) = merge_all(root, base, &[inputs[one].clone(), inputs[other].clone()]).await?;
            let judged = judge(own, root, &merged).await?;
            if !judged.passed {
                let detail = judged.problem.unwrap_or_default();
                return Ok(vec![of_pair(RehearsalTrouble::Verify, inputs, one, other, Vec::new(), detail)]);
            }
        }
    }
    let between = inputs.iter().map(|input| input.name.clone()).collect();
    let detail = together.to_owned();
    Ok(vec![RehearsalProblem { kind: RehearsalTrouble::Verify, between, paths: Vec::new(), detail }])
}

fn pairs(count: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..count).flat_map(move |one| (one + 1..count).map(move |other| (one, other)))
}

fn of_pair(
    kind: RehearsalTrouble,
    inputs: &[RehearsedInput],
    one: usize,
    other: usize,
    paths: Vec<String>,
    detail: String,
) -> RehearsalProblem {
    RehearsalProblem { kind, between: vec![inputs[one].name.clone(), inputs[other].name.clone()], paths, detail }
}
