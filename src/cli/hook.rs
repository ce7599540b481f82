//! `harness hook`.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::session::{Session, block_on};
use crate::report::{Failure, HookOutcome};
use crate::verify::hook;

/// Install or remove a pre-commit hook that requires a passed `harness verify --full`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness hook install           commit only what has passed `harness verify --full`
  harness hook remove            commit without that check")]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum Action {
    /// Install a pre-commit hook that runs `harness verify --status`; another hook is not replaced.
    Install,
    /// Remove the hook, if harness installed it.
    Remove,
}

pub(super) fn run(arguments: &Arguments, session: &Session) -> Result<ExitCode, Failure> {
    let directory = session.directory()?;
    let report = block_on(async {
        Ok(match arguments.action {
            Action::Install => {
                let program = std::env::current_exe().map_err(crate::system::Error::call("find harness itself"))?;
                hook::install(&directory, &program).await?
            }
            Action::Remove => hook::remove(&directory).await?,
        })
    })?;
    session.output.document(&report, |report| {
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
