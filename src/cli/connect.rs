//! `harness connect`.

use std::fmt::Write;
use std::process::ExitCode;

use clap::Args;
use clap::builder::PossibleValuesParser;

use super::invocation::Invocation;
use crate::hosts::{self, Connecting};
use crate::report::{Connect, ConnectOutcome, Failure};

/// Let a program that starts coding agents start and remove the stacks of its work trees.
///
/// Writes the project's file in which that program looks for commands, so that it calls `harness hook`, and
/// registers `harness mcp` where the program has a file for that. Everything else in the file stays, and what an
/// earlier call added with an option. Commit the file: work trees have what is committed.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness connect claude         write .claude/settings.json and .mcp.json
  harness connect codex --print  print what would be written
  harness connect claude --gate  also keep Claude Code at work until verify has passed
  harness connect claude --remove --gate  take out that alone
  harness connect cursor --remove")]
pub(super) struct Arguments {
    /// The program.
    #[arg(value_parser = PossibleValuesParser::new(hosts::names()))]
    program: String,
    /// Print the files, and write nothing.
    #[arg(long)]
    print: bool,
    /// Take out what was written; with an option, what that added.
    #[arg(long)]
    remove: bool,
    /// Claude Code: also make its work trees, those of subagents included.
    #[arg(long)]
    create: bool,
    /// Claude Code: ask an agent that stops with unverified changes to go on.
    #[arg(long)]
    gate: bool,
}

pub(super) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let directory = invocation.directory()?;
    let top = directory.ancestors().find(|above| above.join(".git").exists()).unwrap_or(&directory);
    let wishes = [("create", arguments.create), ("gate", arguments.gate)];
    let connecting = Connecting {
        wishes: wishes.into_iter().filter_map(|(name, wished)| wished.then_some(name)).collect(),
        remove: arguments.remove,
        print: arguments.print,
    };
    let report = hosts::connect(&arguments.program, top, &connecting)?;
    invocation.output.document(&report, |report| text(report, arguments.print));
    let is_new = |outcome| matches!(outcome, ConnectOutcome::Written | ConnectOutcome::Updated);
    if !arguments.print && !arguments.remove && report.files.iter().any(|file| is_new(file.outcome)) {
        invocation.output.tell("next: commit this; a new work tree has what is committed");
    }
    Ok(ExitCode::SUCCESS)
}

fn text(report: &Connect, printed: bool) -> String {
    let mut text = String::new();
    for file in &report.files {
        let would = if printed && file.outcome != ConnectOutcome::Unchanged { "would be " } else { "" };
        let _ = writeln!(text, "{would}{}: {}", file.outcome, file.path);
        if let Some(content) = &file.text {
            text.push_str(content);
            text.push_str(if content.ends_with('\n') { "\n" } else { "\n\n" });
        }
    }
    text
}
