//! `harness complete`.

use std::process::ExitCode;

use clap::Args;

use super::invocation::Invocation;
use crate::jobs;
use crate::report::Failure;
use crate::terminal::harmless;

/// Say that the work of a job is done: for the program that a worker has started.
///
/// The worker then ends the round, and verifies.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness complete \"Names may hold spaces; the pattern was too narrow\"")]
pub(super) struct Arguments {
    /// What was done, in one or two sentences; the pull request begins with it.
    #[arg(value_name = "SUMMARY")]
    summary: String,
}

pub(super) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let context = invocation.context()?;
    let completion = jobs::complete(&context, &arguments.summary)?;
    invocation.output.document(&completion, |completion| format!("noted: {}\n", harmless(&completion.summary)));
    Ok(ExitCode::SUCCESS)
}
