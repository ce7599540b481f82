//! `harness health`.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::invocation::{Invocation, interruptible};
use crate::agent;
use crate::project::AgentId;
use crate::report::{Failure, Health, Kind, StackState};
use crate::system::text::{cut, first_line};
use crate::terminal::{self, Table, paint};

/// Check each process of an agent now: the status and body of its readiness URL.
///
/// Exits with 0 if all are healthy, otherwise with 1.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness health 3               request every readiness URL")]
pub(super) struct Arguments {
    /// The agent.
    #[arg(value_name = "ID")]
    id: Option<AgentId>,
}

pub(super) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let context = invocation.context()?;
    let id = agent::resolve(&context, arguments.id)?;
    let health = interruptible(agent::health(&context, id))?;
    invocation.output.document(&health, text);
    Ok(if health.healthy { ExitCode::SUCCESS } else { ExitCode::from(Kind::CheckFailed.exit_code()) })
}

fn text(health: &Health) -> String {
    let mut table = Table::new(&["process", "health", "target", "status", "time", "answer"]);
    for check in &health.checks {
        let body = check.body.as_deref().map(excerpt_of).unwrap_or_default();
        table.row([
            check.process.clone(),
            paint(if check.healthy { &StackState::Healthy } else { &StackState::Unhealthy }),
            check.target.clone().unwrap_or_else(|| check.kind.to_string()),
            check.status.map_or_else(|| "-".to_owned(), |status| status.to_string()),
            terminal::duration(Duration::from_millis(check.duration_ms)),
            check.error.clone().map_or(body.clone(), |error| [error, body].join(" ").trim().to_owned()),
        ]);
    }
    table.render()
}

/// Enough of a body to recognise it; all of it is in `--json`.
fn excerpt_of(body: &str) -> String {
    terminal::harmless(cut(first_line(body), 100))
}
