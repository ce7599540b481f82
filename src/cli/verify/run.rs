//! A run of the stages, and what is printed of it.

use std::process::ExitCode;

use super::super::invocation::{Invocation, block_on};
use super::Arguments;
use super::list::list;
use super::print::print;
use super::status::status;
use super::watch::watch;
use crate::agent::{self, Context};
use crate::project::AgentId;
use crate::report::verify::Reason;
use crate::report::{ErrorDocument, Failure, Verify};
use crate::terminal::{Output, Verbosity};
use crate::verify::{self, Judgement, Verdict};

pub(in crate::cli) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    if arguments.list {
        return list(arguments, invocation);
    }
    if arguments.status {
        return Ok(status(arguments, invocation));
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

/// The document of a wrong command line.
pub(in crate::cli) fn misused(error: ErrorDocument) {
    let document = Verify::could_not_run(Reason::Configuration, error, None, false);
    Output { json: true, verbosity: Verbosity::Quiet }.document(&document, |_| String::new());
}
