//! `harness env`.

use std::process::ExitCode;

use clap::Args;

use super::invocation::{Invocation, interruptible};
use crate::agent;
use crate::project::AgentId;
use crate::report::{Environment, Failure};

/// Print an agent's environment: `eval "$(harness env 3 --export)"`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness env 3                  print KEY=value lines
  harness env 3 --export         print lines for `eval` in a shell")]
pub(super) struct Arguments {
    /// The agent.
    #[arg(value_name = "ID")]
    id: Option<AgentId>,
    /// Print `export NAME=value` lines for a shell.
    #[arg(long)]
    export: bool,
}

pub(super) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let context = invocation.context()?;
    let id = agent::resolve(&context, arguments.id)?;
    let environment = interruptible(agent::environment(&context, id))?;
    let prefix = if arguments.export { "export " } else { "" };
    invocation.output.document(&environment, |environment| lines(environment, prefix));
    Ok(ExitCode::SUCCESS)
}

fn lines(environment: &Environment, prefix: &str) -> String {
    let line = |(name, value): (&String, &String)| format!("{prefix}{name}={}\n", shell_words::quote(value));
    environment.variables.iter().map(line).collect()
}
