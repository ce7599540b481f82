//! `harness exec`.

use std::process::ExitCode;

use clap::Args;

use super::session::{Session, block_on};
use crate::agent;
use crate::project::AgentId;
use crate::report::Failure;

/// Run a command in an agent's tree with the agent's environment; its exit code is passed through.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The agent.
    #[arg(value_name = "ID")]
    id: Option<AgentId>,
    /// Run it beside a shared server instead: `db` puts that server's own programs first on PATH, logged in as the agent.
    #[arg(long = "in", value_name = "SERVICE")]
    service: Option<String>,
    /// The command and its arguments.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<String>,
}

pub(super) fn run(arguments: &Arguments, session: &Session) -> Result<ExitCode, Failure> {
    let context = session.context()?;
    let id = agent::resolve(&context, arguments.id)?;
    let code = block_on(agent::exec(&context, id, arguments.service.as_deref(), &arguments.command))?;
    Ok(ExitCode::from(code))
}
