//! `harness infra`.

use std::fmt::Write;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::session::{Session, block_on};
use crate::agent;
use crate::report::{Failure, InfraStatus};
use crate::terminal::{Table, paint_state};

/// Look at the servers that all agents share.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show the shared servers.
    Ps,
}

pub(super) fn run(arguments: &Arguments, session: &Session) -> Result<ExitCode, Failure> {
    let Verb::Ps = &arguments.verb;
    let context = session.context()?;
    let status = block_on(agent::status(&context, None))?;
    session.output.document(&status.infra, services);
    Ok(ExitCode::SUCCESS)
}

/// The shared servers as a table, with what is to be said of them.
pub(super) fn services(infra: &InfraStatus) -> String {
    let engine = infra.engine.as_deref().unwrap_or("not set up");
    let mut text = format!("infra ({engine}): {}\n", paint_state(&infra.state));
    if !infra.services.is_empty() {
        let mut table = Table::new(&["service", "pid", "state", "what", "port"]);
        for row in &infra.services {
            table.row([
                row.name.clone(),
                row.pid.map_or_else(|| "-".to_owned(), |pid| pid.to_string()),
                paint_state(&row.state.replace('_', " ")),
                row.version.clone().unwrap_or_else(|| "-".to_owned()),
                row.ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
            ]);
        }
        text.push_str(&table.render());
    }
    for row in &infra.services {
        if let Some(reason) = &row.reason {
            let _ = writeln!(text, "{}: {reason}", row.name);
        }
    }
    for line in &infra.drift {
        let _ = writeln!(text, "drift: {line}");
    }
    text
}
