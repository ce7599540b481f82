//! `harness enable` and `harness disable`.

use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::invocation::{Invocation, block_on};
use crate::agent::{self, EnableOptions};
use crate::project::AgentId;
use crate::report::{Boot, ConnectOutcome, Enable, Failure, Kind};

/// Bring the shared servers, stacks and `harness serve` back after a reboot, with systemd units.
///
/// As root the units are the system's; otherwise they are your own, and start at boot once
/// `sudo loginctl enable-linger USER` was run. At shutdown they stop stacks and servers in order.
/// Where there is no systemd, call `harness enable --up` when the machine starts.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness enable                 every agent that is launched comes back
  harness enable 1 3             only agents 1 and 3; a further call adds to them
  harness enable --print         print the units, and write nothing
  harness enable --up            bring back now what is not up")]
pub(super) struct EnableArguments {
    /// Agents that come back; without one, all.
    #[arg(value_name = "ID")]
    ids: Vec<AgentId>,
    /// Print the units, and write nothing.
    #[arg(long)]
    print: bool,
    /// Write the units to DIR, and start nothing.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Leave out the unit of `harness serve`.
    #[arg(long)]
    no_serve: bool,
    /// What the units do at boot: start the servers, and the stacks that are not up.
    #[arg(long, conflicts_with_all = ["down", "print", "dir", "no_serve"])]
    up: bool,
    /// What the units do at shutdown: stop the stacks, then the servers; nothing is removed.
    #[arg(long, conflicts_with_all = ["print", "dir", "no_serve"])]
    down: bool,
}

/// Let nothing, or not these agents, come back after a reboot. What runs goes on running.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness disable                remove the units
  harness disable 3              agent 3 does not come back; the others do")]
pub(super) struct DisableArguments {
    /// Agents that do not come back; without one, nothing does.
    #[arg(value_name = "ID")]
    ids: Vec<AgentId>,
    /// Remove the units from DIR.
    #[arg(long, value_name = "DIR", conflicts_with = "ids")]
    dir: Option<PathBuf>,
}

pub(super) fn enable(arguments: &EnableArguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    if arguments.up || arguments.down {
        let context = invocation.context()?;
        let (boot, kind) = block_on(async {
            if arguments.up {
                agent::up(&context, &arguments.ids).await
            } else {
                agent::down(&context, &arguments.ids).await
            }
        })?;
        invocation.output.document(&boot, booted);
        let failed = boot.agents.iter().filter_map(|agent| Some((agent.agent, agent.error.as_ref()?)));
        invocation.output.tell_errors(failed);
        return Ok(ExitCode::from(kind.map_or(0, Kind::exit_code)));
    }
    let context = if arguments.print { invocation.context()? } else { invocation.context_to_make()? };
    let options =
        EnableOptions { print: arguments.print, directory: arguments.dir.clone(), without_serve: arguments.no_serve };
    let report = block_on(agent::enable(&context, &arguments.ids, &options))?;
    invocation.output.document(&report, |report| text(report, arguments.print));
    Ok(ExitCode::SUCCESS)
}

pub(super) fn disable(arguments: &DisableArguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let context = invocation.context()?;
    let options = EnableOptions { directory: arguments.dir.clone(), ..EnableOptions::default() };
    let report = block_on(agent::disable(&context, &arguments.ids, &options))?;
    invocation.output.document(&report, |report| text(report, false));
    Ok(ExitCode::SUCCESS)
}

fn text(report: &Enable, printed: bool) -> String {
    let mut text = String::new();
    for unit in &report.units {
        let would = if printed && unit.outcome != ConnectOutcome::Unchanged { "would be " } else { "" };
        let _ = writeln!(text, "{would}{}: {}", unit.outcome, unit.path);
        if let Some(content) = &unit.text {
            text.push_str(content);
            text.push('\n');
        }
    }
    let _ = match &report.agents {
        None => writeln!(text, "after a reboot: every agent that is launched"),
        Some(agents) if agents.is_empty() => writeln!(text, "after a reboot: no agent"),
        Some(agents) => {
            let ids: Vec<String> = agents.iter().map(ToString::to_string).collect();
            writeln!(text, "after a reboot: agents {}", ids.join(", "))
        }
    };
    text
}

fn booted(boot: &Boot) -> String {
    let lines =
        boot.agents.iter().map(|agent| format!("agent {} of {}: {}\n", agent.agent, agent.project, agent.outcome));
    lines.collect()
}
