//! `harness restart`, `stop`, `start`, `park`.

use std::process::ExitCode;

use clap::Args;

use super::invocation::{Invocation, block_on};
use super::status;
use crate::agent::{self, Action};
use crate::project::AgentId;
use crate::report::{Control, Failure, Kind};
use crate::terminal::paint;

/// Restart all processes of an agent, or the given ones, with the present environment.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness restart 3              restart every process of agent 3
  harness restart 3 api          restart one of them")]
pub(super) struct RestartArguments {
    /// The agent, then processes: `3`, `3 api worker`, or inside a work tree `api`.
    #[arg(value_name = "[ID] [PROCESS]...")]
    words: Vec<String>,
    /// Restart the supervisor with this binary; its processes keep running.
    #[arg(long)]
    supervisor: bool,
    /// Also for an agent of another project than the one here.
    #[arg(long)]
    force: bool,
}

/// Stop all processes of an agent, or the given ones; keep its database, files and work tree.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness stop 3 worker          stop it until `harness start 3 worker`")]
pub(super) struct StopArguments {
    /// The agent, then processes.
    #[arg(value_name = "[ID] [PROCESS]...")]
    words: Vec<String>,
    /// Also for an agent of another project than the one here.
    #[arg(long)]
    force: bool,
}

/// Start all stopped processes of an agent, or the given ones.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness start 3 worker         start it again")]
pub(super) struct StartArguments {
    /// The agent, then processes.
    #[arg(value_name = "[ID] [PROCESS]...")]
    words: Vec<String>,
    /// Also for an agent of another project than the one here.
    #[arg(long)]
    force: bool,
}

/// Stop all processes of an agent until a client connects to one of their ports, or starts it.
///
/// The first connection on a loopback address starts the processes, and is passed on once they are ready. `[launch] idle`
/// in harness.toml parks a stack that is not in use.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness park 3                 free its memory; database, files and work tree stay")]
pub(super) struct ParkArguments {
    /// The agent; inside its tree it may be left out.
    #[arg(value_name = "ID")]
    id: Option<AgentId>,
    /// Also for an agent of another project than the one here.
    #[arg(long)]
    force: bool,
}

pub(super) fn restart(arguments: &RestartArguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let action = if arguments.supervisor { Action::ReplaceSupervisor } else { Action::Restart };
    control(action, &arguments.words, arguments.force, invocation)
}

pub(super) fn stop(arguments: &StopArguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    control(Action::Stop, &arguments.words, arguments.force, invocation)
}

pub(super) fn start(arguments: &StartArguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    control(Action::Start, &arguments.words, arguments.force, invocation)
}

pub(super) fn park(arguments: &ParkArguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let context = invocation.context()?;
    let id = agent::resolve(&context, arguments.id)?;
    let report = block_on(agent::control(&context, id, Action::Park, &[], arguments.force))?;
    invocation.output.document(&report, text);
    Ok(ExitCode::SUCCESS)
}

fn control(action: Action, words: &[String], force: bool, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let context = invocation.context()?;
    let (named, processes) = agent::split_id(words);
    let id = agent::resolve(&context, named)?;
    let report = block_on(agent::control(&context, id, action, processes, force))?;
    // only the given processes decide the exit code
    let mut meant = report.processes.iter().filter(|row| processes.is_empty() || processes.contains(&row.name));
    let healthy = meant.all(|row| row.state.is_well());
    invocation.output.document(&report, text);
    Ok(if healthy { ExitCode::SUCCESS } else { ExitCode::from(Kind::CheckFailed.exit_code()) })
}

fn text(report: &Control) -> String {
    format!("agent {}: {}\n{}", report.agent, paint(&report.state), status::processes(&report.processes))
}
