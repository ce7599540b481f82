//! `harness wait`.

use std::fmt::Write;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::invocation::{Invocation, block_on};
use crate::agent;
use crate::report::{Failure, Kind, Wait, WaitFor, WaitOutcome, WaitedProcess};
use crate::terminal::{harmless, paint};

/// Wait until an agent's processes are ready, stopped or ended.
///
/// Ends early if a process cannot get there any more. Exits with 0 if all did (with `--for exit`: with exit
/// status 0), with 5 if another program listens on a process's port, otherwise with 1.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness wait 3 api             wait until `api` is ready
  harness wait 3 job --for exit --timeout 5m --json")]
pub(super) struct Arguments {
    /// The agent, then processes: `3`, `3 api worker`, or inside a work tree `api`.
    #[arg(value_name = "[ID] [PROCESS]...")]
    words: Vec<String>,
    /// State to wait for.
    #[arg(long = "for", value_name = "WHAT", default_value = "ready")]
    wanted: Wanted,
    /// How long to wait; `0` checks once.
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = super::duration::parse)]
    timeout: Duration,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Wanted {
    /// It passes its readiness probe, or has completed.
    Ready,
    /// It does not run and will not be restarted.
    Stopped,
    /// Its present run has ended.
    Exit,
}

pub(super) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let context = invocation.context()?;
    let (named, processes) = agent::split_id(&arguments.words);
    let id = agent::resolve(&context, named)?;
    let wanted = match arguments.wanted {
        Wanted::Ready => WaitFor::Ready,
        Wanted::Stopped => WaitFor::Stopped,
        Wanted::Exit => WaitFor::Exit,
    };
    let wait = block_on(agent::wait(&context, id, wanted, processes, arguments.timeout))?;
    invocation.output.document(&wait, text);
    let conflict =
        wait.processes.iter().any(|process| process.outcome == WaitOutcome::PortConflict && !process.reached);
    Ok(match (wait.reached, conflict) {
        (true, _) => ExitCode::SUCCESS,
        (_, true) => ExitCode::from(Kind::Conflict.exit_code()),
        _ => ExitCode::from(Kind::CheckFailed.exit_code()),
    })
}

fn text(wait: &Wait) -> String {
    wait.processes.iter().map(describe).collect()
}

/// `api: ready`, or what happened instead with its last lines.
fn describe(process: &WaitedProcess) -> String {
    let mut why = Vec::new();
    why.extend(process.exit.filter(|_| process.outcome == WaitOutcome::Exited).map(|exit| exit.to_string()));
    match &process.port {
        Some(port) if process.outcome == WaitOutcome::PortConflict => why.push(match port.pid {
            Some(pid) => format!("port {} is in use by pid {pid} (`{}`)", port.port, harmless(&port.command)),
            None => format!("port {} is in use by a process of another user", port.port),
        }),
        _ => why.extend(
            process
                .reason
                .as_deref()
                .filter(|_| process.outcome != WaitOutcome::Exited || why.is_empty())
                .map(harmless),
        ),
    }
    let why = if why.is_empty() { String::new() } else { format!(" ({})", why.join("; ")) };
    let mut text = format!("{}: {}{why}\n", process.name, paint(&process.outcome));
    if !process.reached {
        for line in &process.last_lines {
            let _ = writeln!(text, "    {line}");
        }
    }
    text
}
