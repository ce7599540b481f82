//! `harness hook`.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::invocation::{self, Invocation, block_on};
use crate::hosts::{self, Reply};
use crate::report::{Failure, HookOutcome};
use crate::verify::hook;

/// Install or remove a pre-commit hook that requires a passed `harness verify --full`; or act on an event of a
/// program that `harness connect` has connected.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness hook install           commit only what has passed `harness verify --full`
  harness hook remove            commit without that check
  harness hook codex setup       what Codex runs in a new work tree")]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Clone, Subcommand)]
enum Action {
    /// Install a pre-commit hook that runs `harness verify --status`; another hook is not replaced.
    Install,
    /// Remove the hook, if harness installed it.
    Remove,
    /// PROGRAM EVENT: act on an event of a connected program, and answer as it expects.
    #[command(external_subcommand)]
    Program(Vec<String>),
}

/// Programs give exit code 2 meanings of their own: a hook fails with 1.
const FAILED: u8 = 1;

/// Acts on an event of a program. Nothing but the answer goes to stdout.
fn program(words: &[String], invocation: &Invocation) -> Result<ExitCode, Failure> {
    let [program, event] = [0, 1].map(|at| words.get(at).map_or("", String::as_str));
    let directory = invocation.directory()?;
    let caller =
        hosts::Caller { environment: invocation::environment(), directory, events: invocation.output.events() };
    let reply = block_on(hosts::hook(program, event, caller, &mut std::io::stdin().lock()));
    if invocation.output.json && reply.is_err() {
        return reply.map(|_| ExitCode::SUCCESS);
    }
    let reply =
        reply.unwrap_or_else(|failure| Reply { errors: vec![failure.document()], failed: true, stdout: String::new() });
    invocation.output.data(&reply.stdout);
    reply.errors.iter().for_each(|error| invocation.output.tell_error(error));
    Ok(if reply.failed { ExitCode::from(FAILED) } else { ExitCode::SUCCESS })
}

pub(super) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    if let Action::Program(words) = &arguments.action {
        return program(words, invocation);
    }
    let directory = invocation.directory()?;
    let report = block_on(async {
        Ok(match arguments.action {
            Action::Install => {
                let program = std::env::current_exe().map_err(crate::system::Error::call("find harness itself"))?;
                hook::install(&directory, &program).await?
            }
            _ => hook::remove(&directory).await?,
        })
    })?;
    invocation.output.document(&report, |report| {
        let what = match report.outcome {
            HookOutcome::Installed => "installed",
            HookOutcome::Updated => "updated",
            HookOutcome::Unchanged => "nothing changed",
            HookOutcome::Removed => "removed",
        };
        format!("{what}: {}\n", report.path)
    });
    Ok(ExitCode::SUCCESS)
}
