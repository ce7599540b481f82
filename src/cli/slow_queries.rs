//! `harness slow-queries`.

use std::process::ExitCode;

use clap::Args;

use super::invocation::{Invocation, interruptible};
use crate::agent;
use crate::project::AgentId;
use crate::report::{Failure, SlowQueries};
use crate::terminal::Table;

/// Show the statements that took the most time in an agent's database.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness slow-queries 3 -n 5    show five statements")]
pub(super) struct Arguments {
    /// The agent.
    #[arg(value_name = "ID")]
    id: Option<AgentId>,
    /// Number of statements.
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10,
        value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..))]
    lines: usize,
    /// Reset the statistics of this database afterwards.
    #[arg(long)]
    reset: bool,
    /// With --reset: also for an agent of another project than the one here.
    #[arg(long, requires = "reset")]
    force: bool,
}

pub(super) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let context = invocation.context()?;
    let id = agent::resolve(&context, arguments.id)?;
    let (lines, reset, force) = (arguments.lines, arguments.reset, arguments.force);
    let report = interruptible(agent::slow_queries(&context, id, lines, reset, force))?;
    invocation.output.document(&report, text);
    Ok(ExitCode::SUCCESS)
}

fn text(report: &SlowQueries) -> String {
    if report.queries.is_empty() {
        return format!("no statements recorded in {}\n", report.database);
    }
    let mut table = Table::new(&["calls", "total ms", "mean ms", "max ms", "rows", "query"]);
    for column in 0..5 {
        table = table.right(column);
    }
    for row in &report.queries {
        let query: Vec<&str> = row.query.split_whitespace().collect();
        table.row([
            row.calls.to_string(),
            format!("{:.1}", row.total_ms),
            format!("{:.2}", row.mean_ms),
            format!("{:.2}", row.max_ms),
            row.rows.to_string(),
            query.join(" "),
        ]);
    }
    table.render()
}
