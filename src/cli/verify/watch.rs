//! `harness verify --watch`.

use std::process::ExitCode;

use super::super::invocation::{Invocation, block_on};
use super::Arguments;
use super::print::print_next;
use crate::agent;
use crate::project::AgentId;
use crate::report::Kind;
use crate::terminal::Verbosity;
use crate::verify;

pub(super) fn watch(arguments: &Arguments, invocation: &Invocation) -> ExitCode {
    let ended = invocation.context().and_then(|context| {
        block_on(async {
            let id = agent::resolve(&context, arguments.id)?;
            let judgement = arguments.judgement(invocation.output.verbosity >= Verbosity::Verbose);
            let hear = |verdict: &verify::Verdict| print_next(arguments, invocation, verdict);
            Err::<(), _>(verify::watch(&context, id, &judgement, hear, agent::interrupted()).await)
        })
    });
    let Err(failure) = ended else { return ExitCode::SUCCESS };
    // an interrupt is the ordinary end
    if failure.kind() != Kind::Interrupted {
        let verdict = verify::could_not_judge(&failure, arguments.id.map(AgentId::get), false);
        print_next(arguments, invocation, &verdict);
    }
    ExitCode::from(failure.kind().exit_code())
}
