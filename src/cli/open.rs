//! `harness open`.

use std::process::ExitCode;

use clap::Args;

use super::session::Session;
use crate::agent;
use crate::report::Failure;

/// Open an agent's page in your browser, or print its URL where there is none.
#[derive(Debug, Args)]
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
        session.output.tell("no browser here: neither $BROWSER nor a screen with xdg-open");
    }
    session.output.document(&opened, |opened| format!("{}\n", opened.url));
    Ok(ExitCode::SUCCESS)
}
