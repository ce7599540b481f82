//! `harness ports`.

use std::process::ExitCode;

use clap::Args;

use super::invocation::{Invocation, interruptible};
use crate::agent;
use crate::project::AgentId;
use crate::report::{Failure, PortRow, Ports, ServerState};
use crate::terminal::{Table, paint_as};

/// Show the ports of one agent, or of all agents and the shared servers, and who listens on them.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness ports                  show every port of every agent")]
pub(super) struct Arguments {
    /// The agent.
    #[arg(value_name = "ID")]
    id: Option<AgentId>,
}

pub(super) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let context = invocation.context()?;
    let ports = interruptible(agent::ports(&context, arguments.id))?;
    invocation.output.document(&ports, text);
    Ok(ExitCode::SUCCESS)
}

fn text(ports: &Ports) -> String {
    if ports.ports.is_empty() {
        return "no ports; `harness launch 1` creates an agent\n".to_owned();
    }
    let mut table = Table::new(&["port", "agent", "name", "state", "pid", "command"]);
    for row in &ports.ports {
        table.row([
            row.port.to_string(),
            row.agent.map_or_else(|| "infra".to_owned(), |agent| agent.to_string()),
            row.name.clone(),
            state(row),
            row.pid.map_or_else(|| "-".to_owned(), |pid| pid.to_string()),
            row.command.clone().unwrap_or_default(),
        ]);
    }
    table.render()
}

fn state(row: &PortRow) -> String {
    match (row.listening, row.own) {
        (false, _) => paint_as(&ServerState::Stopped, "free"),
        (true, Some(false)) => paint_as(&ServerState::PortConflict, "foreign"),
        (true, _) => paint_as(&ServerState::Ready, "listening"),
    }
}
