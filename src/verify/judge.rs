//! The judgement of one agent's work: its tree, its environment, and the plan of its project's root.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use super::plan::Selection;
use super::run::{Request, Verdict, run};
use crate::agent::{self, Context};
use crate::project::AgentId;
use crate::report::verify::Reason;
use crate::report::{Failure, TemplateState};

/// What is judged, and how.
#[derive(Debug, Clone, Default)]
pub struct Judgement {
    /// Also the stages marked `full`.
    pub full: bool,
    /// Only these stages, unless empty.
    pub only: Vec<String>,
    /// The time limit of each stage, instead of its own.
    pub timeout: Option<Duration>,
    /// Go on after a stage that failed.
    pub keep_going: bool,
    /// Report every line of output, not just one now and then.
    pub every_line: bool,
    /// Find every failure in what failed, not just the first.
    pub every_failure: bool,
    /// Leave no record: it is a repetition.
    pub unrecorded: bool,
    /// As in [`Request::affected`].
    pub affected: bool,
    /// As in [`Request::own_process`].
    pub own_process: bool,
    /// As in [`Request::other_children`].
    pub other_children: Arc<Mutex<()>>,
    /// Also an agent of another project than that of the current directory.
    pub force: bool,
}

/// Judges an agent's work.
///
/// # Errors
/// There is no such agent, or a `harness.toml` is wrong.
pub async fn judge(
    context: &Context,
    id: AgentId,
    judgement: &Judgement,
    interrupted: impl Future<Output = ()>,
) -> Result<Verdict, Failure> {
    let mut verify_target = agent::verify_target(context, id, judgement.force).await?;
    // a pass says that the application works; without one, the stages that need no stack may say why
    let not_up = verify_target.not_up.take().map(Failure::from);
    let verify_scope = &verify_target.verify_scope;
    let Judgement { full, only, timeout, .. } = judgement;
    let mut warnings = Vec::new();
    if !verify_scope.differences.is_empty() {
        let differences = verify_scope.differences.join("; ");
        warnings.push(format!(
            "`[verify]` of the work tree differs from that of the project's root, which is used: {differences}"
        ));
    }
    let template = template_of(id, &verify_target.template, &mut warnings);
    let evaluate = |key: &str, template: &crate::project::Template| verify_target.evaluate(key, template);
    let request = Request {
        tree: &verify_scope.tree,
        project_root: &verify_scope.project.root,
        stages: &verify_scope.project.verify,
        selection: Selection { full: *full, only: only.clone(), timeout: *timeout },
        keep_going: judgement.keep_going,
        environment: verify_target.environment(context).into_iter().collect(),
        evaluate: &evaluate,
        directory: &verify_scope.directory,
        agent: Some(id.get()),
        template,
        not_up,
        own_servers: Some(verify_target.servers.clone()),
        warnings,
        every_line: judgement.every_line,
        every_failure: judgement.every_failure,
        unrecorded: judgement.unrecorded,
        affected: judgement.affected,
        own_process: judgement.own_process,
        other_children: &judgement.other_children,
    };
    Ok(run(request, &context.events, interrupted).await)
}

/// What the document says of the template that the agent's database comes from.
fn template_of(
    id: AgentId,
    known: &Result<Option<TemplateState>, Failure>,
    warnings: &mut Vec<String>,
) -> Option<TemplateState> {
    match known {
        Ok(state) => {
            if *state == Some(TemplateState::Stale) {
                warnings.push(format!(
                    "the database comes from an earlier template; `harness db {id} reset --yes` replaces it"
                ));
            }
            *state
        }
        Err(failure) => {
            warnings.push(format!("it is not known whether the database comes from the present template: {failure}"));
            None
        }
    }
}

/// The verdict of a judgement that could not begin.
pub fn could_not_judge(failure: &Failure, agent: Option<u8>, full: bool) -> Verdict {
    let mut verdict = Verdict::could_not_run(failure, agent, full);
    if failure.downcast::<agent::Error>().is_some_and(agent::Error::is_about_the_stack) {
        verdict.document.reason = Some(Reason::NotRunning);
    }
    verdict
}
