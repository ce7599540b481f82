//! `harness restart`, `stop`, `start`.

use std::process::ExitCode;

use clap::Args;

use super::session::{Session, block_on};
use super::status;
use crate::agent::{self, Action};
use crate::report::{Control, Failure, Kind};
use crate::terminal::paint;

/// Restart an agent's processes, or those that are named, with the environment as rendered now.
#[derive(Debug, Args)]
pub(super) struct RestartArguments {
    /// The agent, then processes: `3`, `3 api worker`, or inside a work tree `api`.
    #[arg(value_name = "[ID] [PROCESS]...")]
    words: Vec<String>,
    /// Replace the supervisor itself by this binary; processes are kept where they can be.
    #[arg(long)]
    supervisor: bool,
}

/// Stop an agent's processes, or those that are named; everything else of the agent stays.
#[derive(Debug, Args)]
pub(super) struct StopArguments {
    /// The agent, then processes.
    #[arg(value_name = "[ID] [PROCESS]...")]
    words: Vec<String>,
}

/// Start an agent's stopped processes, or those that are named.
#[derive(Debug, Args)]
pub(super) struct StartArguments {
    /// The agent, then processes.
    #[arg(value_name = "[ID] [PROCESS]...")]
    words: Vec<String>,
}

pub(super) fn restart(arguments: &RestartArguments, session: &Session) -> Result<ExitCode, Failure> {
    let action = if arguments.supervisor { Action::ReplaceSupervisor } else { Action::Restart };
    control(action, &arguments.words, session)
}

pub(super) fn stop(arguments: &StopArguments, session: &Session) -> Result<ExitCode, Failure> {
    control(Action::Stop, &arguments.words, session)
}

pub(super) fn start(arguments: &StartArguments, session: &Session) -> Result<ExitCode, Failure> {
    control(Action::Start, &arguments.words, session)
}

fn control(action: Action, words: &[String], session: &Session) -> Result<ExitCode, Failure> {
    let context = session.context()?;
    let (named, processes) = agent::split_id(words);
    let id = agent::resolve(&context, named)?;
    let report = block_on(agent::control(&context, id, action, processes))?;
    // of what was named, whatever the rest of the stack is at
    let mut meant = report.processes.iter().filter(|row| processes.is_empty() || processes.contains(&row.name));
    let healthy = meant.all(|row| row.state.is_well());
    session.output.document(&report, text);
    Ok(if healthy { ExitCode::SUCCESS } else { ExitCode::from(Kind::CheckFailed.exit_code()) })
}

fn text(report: &Control) -> String {
    format!("agent {}: {}\n{}", report.agent, paint(&report.state), status::processes(&report.processes))
}
