//! `harness url`.

use std::process::ExitCode;

use clap::Args;

use super::invocation::Invocation;
use crate::agent::{self, UrlKind};
use crate::project::AgentId;
use crate::report::Failure;
use crate::terminal::Table;

/// Print the URLs of an agent, or the URL of one port.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness url 3                  print every URL of agent 3
  harness url 3 api              print one of them
  harness url 3 --gateway        print those at the gateway of `harness serve`")]
pub(super) struct Arguments {
    /// The agent, and the name of a port: `3`, `3 api`, or inside a work tree `api`.
    #[arg(value_name = "[ID] [NAME]", num_args = 0..=2)]
    words: Vec<String>,
    /// Print the addresses at the gateway: `http://web.3.board.localhost`.
    #[arg(long)]
    gateway: bool,
}

pub(super) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let context = invocation.context()?;
    let (named, rest) = agent::split_id(&arguments.words);
    let id: AgentId = agent::resolve(&context, named)?;
    let kind = if arguments.gateway { UrlKind::Gateway } else { UrlKind::Port };
    let urls = agent::urls(&context, id, rest.first().map(String::as_str), kind)?;
    invocation.output.document(&urls, |urls| {
        if let (Some(_), Some(url)) = (rest.first(), urls.urls.values().next()) {
            format!("{url}\n")
        } else {
            let mut table = Table::new(&[]);
            for (name, url) in &urls.urls {
                table.row([name, url]);
            }
            table.render()
        }
    });
    Ok(ExitCode::SUCCESS)
}
