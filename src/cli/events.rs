//! `harness events`.

use std::process::ExitCode;

use clap::Args;

use super::invocation::{Invocation, block_on};
use crate::report::Failure;
use crate::serve;

/// Print what happens on this machine, one JSON document a line, as `harness serve` notices it.
///
/// Processes that change their state, stacks, launches and teardowns, runs of verify, jobs, tasks. Each event has a
/// number; the last 10,000 are kept.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness events                  those that are kept
  harness events -f               those that come, until interrupted
  harness events -f --since 120   those after number 120, then those that come")]
pub(super) struct Arguments {
    /// Keep printing new events.
    #[arg(short, long)]
    follow: bool,
    /// Begin after the event of this number.
    #[arg(long, value_name = "N")]
    since: Option<u64>,
}

pub(super) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let context = invocation.context()?;
    let output = invocation.output;
    let print = |event: &crate::report::StreamEvent| {
        output.data(&(serde_json::to_string(event).unwrap_or_default() + "\n"));
    };
    block_on(serve::follow_events(&context.home, arguments.since, arguments.follow, print))?;
    Ok(ExitCode::SUCCESS)
}
