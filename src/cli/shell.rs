//! `harness shell`.

use std::process::ExitCode;

use clap::Args;

use super::session::{Session, block_on};
use crate::agent;
use crate::project::AgentId;
use crate::report::Failure;

/// Open a shell in an agent's tree with the agent's environment; its exit code is passed through.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The agent.
    #[arg(value_name = "ID")]
    id: Option<AgentId>,
}

pub(super) fn run(arguments: &Arguments, session: &Session) -> Result<ExitCode, Failure> {
    let context = session.context()?;
    let id = agent::resolve(&context, arguments.id)?;
    Ok(ExitCode::from(block_on(agent::shell(&context, id))?))
}
