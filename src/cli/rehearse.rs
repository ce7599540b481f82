//! `harness rehearse`.

use std::fmt::Write;
use std::process::ExitCode;

use clap::Args;

use super::invocation::{Invocation, block_on};
use crate::jobs::{self, RehearseRequest};
use crate::report::verify::Outcome;
use crate::report::{Failure, Rehearsal};
use crate::terminal::{self, harmless};

/// See whether the work of several agents goes together, before it is merged.
///
/// Their trees are merged in order into a throwaway tree with a stack and a database of its own; migrations and
/// `verify --full` run there. Where something breaks, the pair is named. Nothing is left.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness rehearse 3 4           the trees of agents 3 and 4, uncommitted work included
  harness rehearse fix-login harness/ticket-7 --base main
  harness rehearse 3 4 5 --merge-only

Exit codes: 0 all go together, 1 something breaks; the others as for every command.")]
pub(super) struct Arguments {
    /// Agents and branches, in the order of their merge.
    #[arg(value_name = "ID|BRANCH", num_args = 2.., required = true)]
    words: Vec<String>,
    /// What they are merged into.
    #[arg(long, value_name = "REF", default_value = "HEAD")]
    base: String,
    /// Only look for conflicts and numbers of migrations; launch nothing.
    #[arg(long)]
    merge_only: bool,
}

pub(super) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let context = invocation.context_to_make()?;
    let (words, base) = (arguments.words.clone(), arguments.base.clone());
    let request = RehearseRequest { words, base, merge_only: arguments.merge_only };
    let rehearsal = block_on(jobs::rehearse(&context, &request))?;
    invocation.output.document(&rehearsal, text);
    Ok(ExitCode::from(u8::from(rehearsal.status == Outcome::Fail)))
}

fn text(rehearsal: &Rehearsal) -> String {
    let mut text = String::new();
    for problem in &rehearsal.problems {
        let _ = writeln!(text, "{}: {}", problem.kind, problem.between.join(" with "));
        for line in problem.paths.iter().map(String::as_str).chain(problem.detail.lines()) {
            let _ = writeln!(text, "  {}", harmless(line));
        }
    }
    let _ = writeln!(text, "rehearsal: {}", terminal::paint(&rehearsal.status));
    text
}
