//! `harness open`.

use std::process::ExitCode;

use clap::Args;

use super::session::Session;
use crate::agent;
use crate::report::Failure;

/// Open an agent's URL in the browser, or print it if there is no browser.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness open 3 frontend        open it in the browser")]
pub(super) struct Arguments {
    /// The agent, and the name of a port: `3`, `3 api`, or inside a work tree `api`.
    #[arg(value_name = "[ID] [NAME]", num_args = 0..=2)]
    words: Vec<String>,
}

pub(super) fn run(arguments: &Arguments, session: &Session) -> Result<ExitCode, Failure> {
    let context = session.context()?;
    let (named, rest) = agent::split_id(&arguments.words);
    let id = agent::resolve(&context, named)?;
    let opened = agent::open(&context, id, rest.first().map(String::as_str))?;
    if opened.opened_with.is_none() {
        session.output.tell("cannot open a browser: $BROWSER is not set, and there is no display with xdg-open");
    }
    session.output.document(&opened, |opened| format!("{}\n", opened.url));
    Ok(ExitCode::SUCCESS)
}
