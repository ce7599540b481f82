//! A run: the plan, the stages in order, the tree before and after, one document.

use std::future::Future;
use std::path::Path;
use std::time::Instant;

use futures_util::future::join;
use tokio::sync::Mutex;

use super::Error;
use super::affected::Passes;
use super::command::Surroundings;
use super::network::Watching;
use super::orphans::Orphans;
use super::plan::{self, Evaluate, PlannedStage, Selection};
use super::runs::{self, Run, Runs};
use super::stages::{CommandFailures, Course, Found, skipped_stage};
use super::work_tree::WorkTree;
use crate::agent::OwnServers;
use crate::project::VerifyStage;
use crate::report::verify::{Outcome, Reason, StageStatus, Tree, Verify};
use crate::report::{Events, Failure, Kind, TemplateState, milliseconds};

/// What to verify.
pub struct Request<'a> {
    /// The tree that is judged; commands run in it.
    pub tree: &'a Path,
    /// The project's root, whose plan `stages` is.
    pub project_root: &'a Path,
    /// The plan.
    pub stages: &'a [VerifyStage],
    /// Which of it.
    pub selection: Selection,
    /// Go on after a stage that failed.
    pub keep_going: bool,
    /// The environment of the commands, complete.
    pub environment: Vec<(String, String)>,
    /// Evaluates the templates in the plan.
    pub evaluate: &'a Evaluate<'a>,
    /// The folder of this tree's runs; made if need be. Nothing else writes there.
    pub directory: &'a Path,
    /// The agent whose tree it is.
    pub agent: Option<u8>,
    /// Whether the agent's database is of the present template.
    pub template: Option<TemplateState>,
    /// Why the stack is not up, where it is not: the stages that need it are skipped, and the run fails.
    pub not_up: Option<Failure>,
    /// Whose servers commands may talk to, besides those that the run starts; where nobody knows, it is not watched.
    pub own_servers: Option<OwnServers>,
    /// What the document warns of.
    pub warnings: Vec<String>,
    /// Every line of output is reported to `events`, not just one now and then.
    pub every_line: bool,
    /// Every failure is looked for in what failed, not just the first.
    pub every_failure: bool,
    /// Nothing is recorded but the logs: it is a repetition.
    pub unrecorded: bool,
    /// Commands whose inputs are those of their last pass are not run.
    pub affected: bool,
    /// This process was started for this run alone, so that whatever ends up as its child is the run's:
    /// daemons too that cut every tie to their command are then found and ended.
    pub own_process: bool,
    /// Held by the caller while this process has children that are not the run's.
    pub other_children: &'a Mutex<()>,
}

/// A document, and the exit code that belongs to it.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// What is printed.
    pub document: Verify,
    /// 0 on a pass, 1 on a fail, else as the error's kind says.
    pub exit_code: u8,
    /// Every failure, where it was asked for.
    pub failures: Vec<CommandFailures>,
}

impl Verdict {
    /// The verdict of a run that could not begin.
    pub fn could_not_run(failure: &Failure, agent: Option<u8>, full: bool) -> Self {
        let reason = reason_of(failure.kind());
        let document = Verify::could_not_run(reason, failure.document(), agent, full);
        Self { document, exit_code: failure.kind().exit_code(), failures: Vec::new() }
    }
}

fn reason_of(kind: Kind) -> Reason {
    if matches!(kind, Kind::Usage | Kind::Configuration) { Reason::Configuration } else { Reason::Environment }
}

/// Runs the stages. Whatever happens, the answer is one document. When `interrupted` resolves, what
/// runs is killed and the document says so.
pub async fn run(request: Request<'_>, events: &Events, interrupted: impl Future<Output = ()>) -> Verdict {
    let began = Instant::now();
    let (agent, full) = (request.agent, request.selection.full);
    match begin(request, events, interrupted, began).await {
        Ok(verdict) => verdict,
        Err(error) => Verdict::could_not_run(&error.into(), agent, full),
    }
}

async fn begin(
    mut request: Request<'_>,
    events: &Events,
    interrupted: impl Future<Output = ()>,
    began: Instant,
) -> Result<Verdict, Error> {
    if request.stages.is_empty() {
        return Err(Error::NoStages(request.project_root.to_owned()));
    }
    let stages = plan::plan(request.stages, &request.selection, request.evaluate)?;
    let mut warnings = std::mem::take(&mut request.warnings);
    let run = Runs::of(request.directory).begin(|killed| {
        warnings.push(format!(
            "an earlier run was killed; {} of it ended now",
            crate::system::text::count(killed, "process")
        ));
    })?;
    request.environment.push((runs::VARIABLE.to_owned(), run.mark.clone()));
    let mut document = Verify {
        schema: "harness/verify/1".to_owned(),
        status: Outcome::Fail,
        stages: stages.iter().map(skipped_stage).collect(),
        total_duration_ms: 0,
        agent: request.agent,
        full: request.selection.full && request.selection.only.is_empty(),
        reason: None,
        tree: None,
        template: request.template.take(),
        network: None,
        network_reason: None,
        against: None,
        evidence: None,
        warnings,
        error: None,
    };
    let passes = Passes::of(request.directory);
    let mut found = Found { failures: Vec::new(), warnings: Vec::new(), passes };
    let exit_code = tokio::select! {
        biased;
        () = interrupted => {
            let failure: Failure = Error::Interrupted.into();
            document.error = Some(failure.document());
            document.reason = Some(Reason::Environment);
            failure.kind().exit_code()
        }
        () = judge(&request, &stages, &run, events, &mut document, &mut found) => match &request.not_up {
            Some(failure) if document.reason == Some(Reason::NotRunning) => failure.kind().exit_code(),
            _ => u8::from(document.status == Outcome::Fail),
        }
    };
    document.warnings.append(&mut found.warnings);
    // what was not run now is no proof of now
    let everything = request.selection.is_everything(request.stages) && document.cached().next().is_none();
    let tree = document.tree.as_ref().map(|tree| tree.before.clone());
    let plan = plan::digest(request.stages);
    // before it is recorded: events, pages and figures are made from the record
    document.total_duration_ms = milliseconds(began.elapsed());
    let recorded =
        if request.unrecorded { run.leave() } else { run.end(&document, tree.as_deref(), everything, &plan) };
    if let Err(error) = recorded {
        document.warnings.push(format!("this run could not be recorded: {error}"));
    }
    Ok(Verdict { document, exit_code, failures: found.failures })
}

/// Fills the document as it goes, so that an interruption leaves what is known.
async fn judge(
    request: &Request<'_>,
    stages: &[PlannedStage],
    run: &Run,
    events: &Events,
    document: &mut Verify,
    found: &mut Found,
) {
    let Verify { stages: reports, tree, warnings, network, network_reason, .. } = &mut *document;
    let work_tree = or_warning(WorkTree::open(request.tree, &run.directory).await, warnings).flatten();
    let noted = match &work_tree {
        Some(work_tree) => or_warning(work_tree.note().await, warnings),
        None => None,
    };
    let watching = Watching::begin(request.stages, request.own_servers.as_ref(), &run.mark, request.own_process);
    (*network, *network_reason) = (Some(watching.state()), watching.reason());
    // git works the name out while the stages run; it was started before anything could be an orphan
    let orphans = request.own_process.then(Orphans::adopt);
    let named = async {
        let before = match noted {
            Some(naming) => or_warning(naming.name().await, warnings).flatten(),
            None => None,
        };
        *tree = before.map(|before| Tree { before, after: None, changed: Vec::new() });
    };
    let subject = request.agent.map_or_else(|| "verify".to_owned(), |agent| format!("agent {agent}"));
    let course = Course {
        stages,
        run,
        around: Surroundings {
            tree: request.tree,
            environment: &request.environment,
            subject: &subject,
            every_line: request.every_line,
            every_failure: request.every_failure,
            watching: &watching,
            events,
        },
        orphans: orphans.as_ref(),
        other_children: request.other_children,
        keep_going: request.keep_going,
        stack_is_up: request.not_up.is_none(),
        affected: request.affected,
        recorded: !request.unrecorded,
    };
    let (failed, ()) = join(course.run(reports, found), named).await;
    let alone = request.other_children.lock().await;
    drop(orphans);
    drop(alone);
    if let (Some(work_tree), Some(tree)) = (&work_tree, tree) {
        compare(work_tree, tree, warnings).await;
    }
    let changed = document.tree.as_ref().is_some_and(|tree| tree.after.as_ref() != Some(&tree.before));
    document.error = request.not_up.as_ref().map(Failure::document);
    // a pass of nothing says nothing
    let ran = document.stages.iter().any(|stage| stage.status != StageStatus::Skipped);
    let foreign = document.stages.iter().flat_map(|stage| &stage.commands).any(|it| !it.foreign_servers.is_empty());
    document.reason = match (failed, &request.not_up, changed) {
        (true, ..) if foreign => Some(Reason::ForeignServer),
        (true, ..) => Some(Reason::StageFailed),
        (false, Some(_), _) => Some(Reason::NotRunning),
        (false, None, _) if !ran => Some(Reason::NothingRan),
        (false, None, true) => Some(Reason::TreeChanged),
        (false, None, false) => None,
    };
    document.status = if document.reason.is_some() { Outcome::Fail } else { Outcome::Pass };
}

/// What the stages have left of the tree.
async fn compare(work_tree: &WorkTree, tree: &mut Tree, warnings: &mut Vec<String>) {
    if or_warning(work_tree.is_as_noted().await, warnings) == Some(true) {
        tree.after = Some(tree.before.clone());
        return;
    }
    tree.after = or_warning(work_tree.name().await, warnings).flatten();
    if let Some(after) = tree.after.as_ref().filter(|after| **after != tree.before) {
        tree.changed = or_warning(work_tree.differing(&tree.before, after).await, warnings).unwrap_or_default();
    }
}

/// What git cannot say makes the result unbound, not wrong.
fn or_warning<T>(answer: Result<T, Error>, warnings: &mut Vec<String>) -> Option<T> {
    answer
        .map_err(|error| {
            let cause = std::error::Error::source(&error).map_or_else(String::new, |cause| format!(": {cause}"));
            warnings.push(format!("this result is not bound to a git tree: {error}{cause}"));
        })
        .ok()
}
