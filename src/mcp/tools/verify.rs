//! `harness_verify`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::arguments::limit;
use crate::agent;
use crate::mcp::answer::Answer;
use crate::mcp::call::Call;
use crate::report::Failure;
use crate::verify::{self, Content, Judgement};

/// Checks your work: runs the project's stages in this tree. On a fail, `first_error` begins with file and line and `log`
/// names the whole output. Run it after every change, and with `full` before you say that you are done.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// Also the stages that only count when work is done.
    #[serde(default)]
    full: bool,
    /// Only these stages.
    #[serde(default)]
    stages: Vec<String>,
    /// Go on after a stage that failed.
    #[serde(default)]
    keep_going: bool,
    /// Run nothing; tell whether this very tree has passed with `full`.
    #[serde(default)]
    status: bool,
    /// Time limit of each stage, like `5m`.
    timeout: Option<String>,
}

pub(super) async fn run(arguments: Arguments, call: &Call) -> Result<Answer, Failure> {
    let context = call.context()?;
    let id = call.agent(&context)?;
    if arguments.status {
        let scope = agent::verify_scope(&context, id)?;
        let (stages, agent) = (&scope.project.verify, Some(id.get()));
        let status = verify::status(&scope.tree, Content::WorkTree, stages, &scope.directory, agent).await?;
        return Ok(Answer::of(&status));
    }
    let judgement = Judgement {
        full: arguments.full,
        only: arguments.stages,
        timeout: limit(arguments.timeout.as_deref())?,
        keep_going: arguments.keep_going,
        every_line: false,
        // children of this process may be another call's
        own_process: false,
        force: false,
        ..Judgement::default()
    };
    let verdict = match verify::judge(&context, id, &judgement, agent::interrupted()).await {
        Ok(verdict) => verdict,
        Err(failure) => verify::could_not_judge(&failure, Some(id.get()), judgement.full),
    };
    // a fail is an answer
    let failed = verdict.document.error.is_some();
    Ok(Answer::of(&verdict.document).failed_if(failed))
}
