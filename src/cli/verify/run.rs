//! A run of the stages, and what is printed of it.

use std::process::ExitCode;

use super::super::invocation::{Invocation, block_on};
use super::Arguments;
use super::check::check;
use super::key::key;
use super::list::list;
use super::print::{may_be_written, print};
use super::sign::signed;
use super::status::status;
use super::watch::watch;
use crate::agent::{self, Context};
use crate::project::AgentId;
use crate::report::verify::{Outcome, Reason};
use crate::report::{ErrorDocument, Failure, Verify};
use crate::terminal::{Output, Verbosity};
use crate::verify::{self, Judgement, Verdict};

pub(in crate::cli) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    if arguments.list {
        return list(arguments, invocation);
    }
    if let (Some(revision), Some(file)) = (&arguments.check, &arguments.key) {
        return check(revision, file, invocation);
    }
    if arguments.public_key {
        return key(invocation);
    }
    if arguments.status {
        return Ok(status(arguments, invocation));
    }
    if let Err(failure) = may_be_written(arguments, invocation) {
        misused(failure.document());
        invocation.output.tell_error(&failure.document());
        return Ok(ExitCode::from(failure.kind().exit_code()));
    }
    if arguments.watch {
        return Ok(watch(arguments, invocation));
    }
    let verdict = invocation
        .context()
        .and_then(|context| block_on(judge(arguments, invocation, &context)))
        .unwrap_or_else(|failure| verify::could_not_judge(&failure, arguments.id.map(AgentId::get), arguments.full));
    Ok(print(arguments, invocation, &verdict))
}

async fn judge(arguments: &Arguments, invocation: &Invocation, context: &Context) -> Result<Verdict, Failure> {
    let id = agent::resolve(context, arguments.id)?;
    let judgement = arguments.judgement(invocation.output.verbosity >= Verbosity::Verbose);
    let reference = arguments.reference();
    if arguments.sign {
        verify::may_be_signed(context, id, reference).await?;
    }
    let mut verdict = if arguments.against.is_some() {
        verify::judge_against(context, id, &judgement, reference, arguments.new_only, agent::interrupted()).await?
    } else {
        verify::judge(context, id, &judgement, agent::interrupted()).await?
    };
    if arguments.sign && verdict.document.status == Outcome::Pass {
        let (evidence, code) = signed(context, id, reference).await;
        verdict.document.evidence = Some(evidence);
        verdict.exit_code = verdict.exit_code.max(code);
    }
    Ok(verdict)
}

/// The quick stages of one agent, all of them even if one fails.
pub(in crate::cli) async fn quick(id: AgentId, invocation: &Invocation, context: &Context) -> Result<Verdict, Failure> {
    let every_line = invocation.output.verbosity >= Verbosity::Verbose;
    let judgement = Judgement { keep_going: true, own_process: true, every_line, ..Judgement::default() };
    verify::judge(context, id, &judgement, agent::interrupted()).await
}

/// The document of a wrong command line.
pub(in crate::cli) fn misused(error: ErrorDocument) {
    let document = Verify::could_not_run(Reason::Configuration, error, None, false);
    Output { json: true, verbosity: Verbosity::Quiet }.document(&document, |_| String::new());
}
