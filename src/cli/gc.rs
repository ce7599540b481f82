//! `harness gc`.

use std::fmt::Write;
use std::process::ExitCode;

use clap::Args;

use super::invocation::{Invocation, block_on};
use super::teardown::write_things;
use crate::jobs;
use crate::report::{Failure, Gc, Kind};

/// Remove the leftovers of crashed and deleted stacks, and of jobs in containers.
///
/// Running agents, agents that another command works on, work trees with unsaved work, and anything that
/// this home did not create are left alone.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness gc --dry-run           list the leftovers
  harness gc                     remove them")]
pub(super) struct Arguments {
    /// List what would be removed, and remove nothing.
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let context = invocation.context()?;
    let (gc, kind) = block_on(jobs::gc(&context, arguments.dry_run))?;
    invocation.output.document(&gc, text);
    let failed = gc.agents.iter().filter_map(|agent| Some((agent.removed.agent, agent.removed.error.as_ref()?)));
    invocation.output.tell_errors(failed);
    Ok(ExitCode::from(kind.map_or(0, Kind::exit_code)))
}

fn text(gc: &Gc) -> String {
    let mut text = String::new();
    let verb = if gc.dry_run { "would remove" } else { "removed" };
    for agent in &gc.agents {
        let verb = if agent.removed.error.is_some() { "not removed" } else { verb };
        let _ = writeln!(text, "agent {}: {}; {verb}", agent.removed.agent, agent.why);
        write_things(&mut text, "", &agent.removed.removed);
        write_things(&mut text, "left: ", &agent.removed.left);
        write_things(&mut text, "foreign, untouched: ", &agent.removed.foreign);
    }
    if !gc.removed.is_empty() {
        let _ = writeln!(text, "belongs to no agent; {verb}");
        write_things(&mut text, "", &gc.removed);
    }
    if text.is_empty() { "nothing to remove\n".to_owned() } else { text }
}
