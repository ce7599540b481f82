//! `harness hook`.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::session::{Session, block_on};
use crate::report::{Failure, HookOutcome};
use crate::verify::hook;

/// Gate commits: only a tree that `harness verify --full` has passed is committed.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum Action {
    /// Install a pre-commit hook that asks `harness verify --status`. A foreign hook is left alone.
    Install,
    /// Remove the hook, if it is harness's own.
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
