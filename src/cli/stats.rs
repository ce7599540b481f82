//! `harness stats`.

use std::fmt::Write;
use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::invocation::{Invocation, block_on};
use crate::agent::Sampler;
use crate::project::AgentId;
use crate::report::{Failure, Kind, StackStats, Stats, Usage};
use crate::terminal::{self, Table, paint};

/// Show CPU, memory, threads and open files of each process and stack.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness stats 3 --watch        refresh until Ctrl-C")]
pub(super) struct Arguments {
    /// The agent; without one, every running stack.
    #[arg(value_name = "ID")]
    id: Option<AgentId>,
    /// Refresh until interrupted; with `--json`, print one document a line.
    #[arg(long)]
    watch: bool,
    /// How long CPU is measured, and the pause between refreshes [default: 500ms, with `--watch` 2s].
    #[arg(long, value_name = "DURATION", value_parser = super::duration::parse_some)]
    interval: Option<Duration>,
}

pub(super) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let context = invocation.context()?;
    let usual = Duration::from_millis(if arguments.watch { 2000 } else { 500 });
    let interval = arguments.interval.unwrap_or(usual).max(Duration::from_millis(50));
    let output = invocation.output;
    block_on(async {
        let mut sampler = Sampler::new(&context, arguments.id);
        if !arguments.watch {
            output.document(&sampler.next(interval).await?, text);
            return Ok(());
        }
        // the first figures come soon
        let mut pause = interval.min(Duration::from_millis(500));
        loop {
            let stats = match sampler.next(pause).await {
                // an interrupt is the ordinary end of `--watch`
                Err(failure) if failure.kind() == Kind::Interrupted => return Ok(()),
                stats => stats?,
            };
            pause = interval;
            output.next_document(&stats, |stats| {
                if std::io::stdout().is_terminal() {
                    format!("\u{1b}[H\u{1b}[J{}", text(stats))
                } else {
                    text(stats) + "\n"
                }
            });
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

fn text(stats: &Stats) -> String {
    if stats.stacks.is_empty() {
        return "no stack is running\n".to_owned();
    }
    let titles = ["stack", "process", "pid", "state", "cpu", "memory", "pss", "threads", "files", "restarts", "uptime"];
    let mut table = (4..=9).fold(Table::new(&titles), Table::right);
    for stack in &stats.stacks {
        rows(&mut table, stack);
    }
    let mut text = table.render();
    if let Some(machine) = stats.machine {
        let (left, total) = (terminal::size(machine.available_bytes), terminal::size(machine.total_bytes));
        let _ = writeln!(text, "memory of this machine: {left} of {total} available");
    }
    text
}

fn rows(table: &mut Table, stack: &StackStats) {
    let dash = || "-".to_owned();
    let uptime = |ms: Option<i64>| {
        ms.map_or_else(dash, |ms| {
            terminal::duration(Duration::from_secs(Duration::from_millis(ms.unsigned_abs()).as_secs()))
        })
    };
    for process in &stack.processes {
        let mut row = vec![
            stack.stack.clone(),
            process.name.clone(),
            process.pid.map_or_else(dash, |pid| pid.to_string()),
            paint(&process.state),
        ];
        row.extend(figures(process.usage.as_ref()));
        row.extend([process.restarts.to_string(), uptime(process.uptime_ms)]);
        table.row(row);
    }
    for (name, usage, restarts) in
        [("(supervisor)", &stack.supervisor, dash()), ("(total)", &stack.total, stack.restarts.to_string())]
    {
        let mut row = vec![stack.stack.clone(), name.to_owned(), dash(), dash()];
        row.extend(figures(Some(usage)));
        row.extend([restarts, uptime(stack.uptime_ms)]);
        table.row(row);
    }
}

/// CPU, memory, PSS, threads, files.
fn figures(usage: Option<&Usage>) -> [String; 5] {
    let dash = || "-".to_owned();
    let Some(usage) = usage else { return std::array::from_fn(|_| dash()) };
    [
        format!("{:.1} %", usage.cpu_percent),
        terminal::size(usage.memory_bytes),
        usage.pss_bytes.map_or_else(dash, terminal::size),
        usage.threads.to_string(),
        usage.open_files.map_or_else(dash, |files| files.to_string()),
    ]
}
