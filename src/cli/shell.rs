//! `harness shell`.

use std::process::ExitCode;

use clap::Args;

use super::invocation::{Invocation, block_on};
use crate::agent;
use crate::project::AgentId;
use crate::report::Failure;

/// Start a shell in an agent's tree with the agent's environment, and exit with its exit code.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness shell 3                in its tree, with its environment")]
pub(super) struct Arguments {
    /// The agent.
    #[arg(value_name = "ID")]
    id: Option<AgentId>,
    /// Also for an agent of another project than the one here.
    #[arg(long)]
    force: bool,
}

pub(super) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let context = invocation.context()?;
    let id = agent::resolve(&context, arguments.id)?;
    Ok(ExitCode::from(block_on(agent::shell(&context, id, arguments.force))?))
}
