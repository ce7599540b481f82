//! `harness exec`.

use std::process::ExitCode;

use clap::Args;

use super::invocation::{Invocation, block_on};
use crate::agent::{self, Captured};
use crate::project::AgentId;
use crate::report::{Execution, Failure};

/// Run a command in an agent's tree with the agent's environment, and exit with its exit code.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness exec 3 -- npm test     in its tree, with its environment
  harness exec 3 --in db -- pg_dump --version")]
pub(super) struct Arguments {
    /// The agent.
    #[arg(value_name = "ID")]
    id: Option<AgentId>,
    /// Run it with the programs of a shared server, logged in as the agent; with the docker engine, in its container. Example: `db`.
    #[arg(long = "in", value_name = "SERVICE")]
    service: Option<String>,
    /// Also for an agent of another project than the one here.
    #[arg(long)]
    force: bool,
    /// The command and its arguments.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<String>,
}

pub(super) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let context = invocation.context()?;
    let id = agent::resolve(&context, arguments.id)?;
    let (service, force) = (arguments.service.as_deref(), arguments.force);
    if !invocation.output.json {
        let code = block_on(agent::exec(&context, id, service, &arguments.command, force, None))?;
        return Ok(ExitCode::from(code));
    }
    let mut captured = Captured::default();
    let code = block_on(agent::exec(&context, id, service, &arguments.command, force, Some(&mut captured)))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let document = Execution {
        schema: "harness/exec/1".to_owned(),
        agent: id.get(),
        exit_code: code,
        stdout: text(&captured.stdout),
        stderr: text(&captured.stderr),
    };
    invocation.output.document(&document, |_| String::new());
    Ok(ExitCode::from(code))
}
