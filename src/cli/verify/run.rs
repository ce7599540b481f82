//! A run of the stages, and what is printed of it.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use super::super::invocation::{Invocation, block_on};
use super::Arguments;
use super::list::list;
use super::status::status;
use crate::agent::{self, Context};
use crate::project::AgentId;
use crate::report::verify::Reason;
use crate::report::{ErrorDocument, Failure, Verify};
use crate::system;
use crate::terminal::{self, Output, Verbosity};
use crate::verify::{self, Judgement, Verdict};

pub(in crate::cli) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    if arguments.list {
        return list(arguments, invocation);
    }
    if arguments.status {
        return Ok(status(arguments, invocation));
    }
    let verdict = invocation
        .context()
        .and_then(|context| block_on(judge(arguments, invocation, &context)))
        .unwrap_or_else(|failure| verify::could_not_judge(&failure, arguments.id.map(AgentId::get), arguments.full));
    Ok(print(arguments, invocation, &verdict))
}

/// Prints a verdict in every form that was asked for, and returns the exit code.
fn print(arguments: &Arguments, invocation: &Invocation, verdict: &Verdict) -> ExitCode {
    let written = arguments.junit.as_ref().map_or(Ok(()), |path| write_junit(invocation, path, &verdict.document));
    as_json(invocation).document(&verdict.document, |_| String::new());
    tell(invocation, &verdict.document);
    if std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true") {
        // read from both streams there, and stdout is the document's
        invocation.output.tell(verify::annotations(&verdict.document).trim_end());
    }
    if let Err(failure) = written {
        invocation.output.tell_error(&failure.document());
        return ExitCode::from(if verdict.exit_code == 0 { failure.kind().exit_code() } else { verdict.exit_code });
    }
    ExitCode::from(verdict.exit_code)
}

fn write_junit(invocation: &Invocation, path: &Path, document: &Verify) -> Result<(), Failure> {
    let path = invocation.directory()?.join(path);
    let write = verify::junit(document).and_then(|bytes| std::fs::write(&path, bytes));
    Ok(write.map_err(system::Error::file("write", &path))?)
}

async fn judge(arguments: &Arguments, invocation: &Invocation, context: &Context) -> Result<Verdict, Failure> {
    let id = agent::resolve(context, arguments.id)?;
    let judgement = Judgement {
        full: arguments.full,
        only: arguments.stage.clone(),
        timeout: arguments.timeout,
        force: arguments.force,
        keep_going: arguments.keep_going,
        every_line: invocation.output.verbosity >= Verbosity::Verbose,
        own_process: true,
        ..Judgement::default()
    };
    let Some(against) = &arguments.against else {
        return verify::judge(context, id, &judgement, agent::interrupted()).await;
    };
    let reference = Some(against.as_str()).filter(|reference| !reference.is_empty());
    verify::judge_against(context, id, &judgement, reference, arguments.new_only, agent::interrupted()).await
}

/// The quick stages of one agent, all of them even if one fails.
pub(in crate::cli) async fn quick(id: AgentId, invocation: &Invocation, context: &Context) -> Result<Verdict, Failure> {
    let every_line = invocation.output.verbosity >= Verbosity::Verbose;
    let judgement = Judgement { keep_going: true, own_process: true, every_line, ..Judgement::default() };
    verify::judge(context, id, &judgement, agent::interrupted()).await
}

/// `verify` prints its document with and without `--json`.
pub(super) fn as_json(invocation: &Invocation) -> Output {
    Output { json: true, ..invocation.output }
}

/// What a person reads: each failure with its diagnostic and its log, then the verdict.
fn tell(invocation: &Invocation, document: &Verify) {
    let text = terminal::verdict(document);
    if !text.is_empty() {
        invocation.output.tell(text.trim_end());
    }
    if let Some(error) = document.against.as_ref().and_then(|against| against.error.as_ref()) {
        invocation.output.tell_error(error);
    }
    if let Some(error) = &document.error {
        invocation.output.tell_error(error);
    } else {
        let took = terminal::duration(Duration::from_millis(document.total_duration_ms));
        invocation.output.tell(&format!("verify: {} in {took}", terminal::paint(&document.status)));
    }
}

/// The document of a wrong command line.
pub(in crate::cli) fn misused(error: ErrorDocument) {
    let document = Verify::could_not_run(Reason::Configuration, error, None, false);
    Output { json: true, verbosity: Verbosity::Quiet }.document(&document, |_| String::new());
}
