//! `harness open`.

use std::process::ExitCode;

use clap::Args;

use super::invocation::{Invocation, block_on};
use crate::agent::{self, Context, UrlKind};
use crate::report::{Failure, Opened};
use crate::serve;

/// Open an agent's URL, or the dashboard, in the browser; print it if there is no browser.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness open 3 frontend        open it in the browser
  harness open 3 --gateway       open it at the gateway of `harness serve`
  harness open --dashboard       open the dashboard of `harness serve`, by a link that works once")]
pub(super) struct Arguments {
    /// The agent, and the name of a port: `3`, `3 api`, or inside a work tree `api`.
    #[arg(value_name = "[ID] [NAME]", num_args = 0..=2)]
    words: Vec<String>,
    /// Open the address at the gateway: `http://web.3.board.localhost`.
    #[arg(long, conflicts_with = "dashboard")]
    gateway: bool,
    /// Open the dashboard of `harness serve`.
    #[arg(long, conflicts_with = "words")]
    dashboard: bool,
}

pub(super) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let context = invocation.context()?;
    let opened = if arguments.dashboard { dashboard(&context)? } else { page(arguments, &context)? };
    if opened.opened_with.is_none() {
        invocation.output.tell("cannot open a browser: $BROWSER is not set, and there is no display with xdg-open");
    }
    invocation.output.document(&opened, |opened| format!("{}\n", opened.url));
    Ok(ExitCode::SUCCESS)
}

fn page(arguments: &Arguments, context: &Context) -> Result<Opened, Failure> {
    let (named, rest) = agent::split_id(&arguments.words);
    let id = agent::resolve(context, named)?;
    let kind = if arguments.gateway { UrlKind::Gateway } else { UrlKind::Port };
    agent::open(context, id, rest.first().map(String::as_str), kind)
}

fn dashboard(context: &Context) -> Result<Opened, Failure> {
    let url = block_on(serve::link(&context.home))?.url;
    let opened_with = agent::browse(context, &url)?;
    Ok(Opened { schema: "harness/open/1".to_owned(), agent: None, url, opened_with })
}
