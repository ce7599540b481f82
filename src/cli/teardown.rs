//! `harness teardown`.

use std::fmt::Write;
use std::process::ExitCode;

use clap::Args;

use super::invocation::{Invocation, block_on};
use crate::agent::{self, TeardownOptions, TeardownTarget};
use crate::project::AgentId;
use crate::report::{Failure, Kind, Removed, Teardown};
use crate::serve;

/// Remove agents: processes, database, role, bucket, mail, work tree, files.
///
/// Things that have an agent's name but were not created by this home are reported and left alone.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness teardown 3 --dry-run   list what would be removed
  harness teardown 3             remove agent 3
  harness teardown               remove the agent of this tree
  harness teardown --all         remove every agent of this project
  harness teardown --infra       also stop the shared servers")]
pub(super) struct Arguments {
    /// Agents to remove, 1 to 99; without one, the agent of this tree.
    #[arg(value_name = "ID", conflicts_with = "all")]
    ids: Vec<AgentId>,
    /// Every agent of this project, including crashed ones; outside a project, every agent of this home.
    #[arg(long)]
    all: bool,
    /// List what would be removed, and remove nothing.
    #[arg(long)]
    dry_run: bool,
    /// Also remove a work tree with uncommitted or unpushed work, or an agent of another project; with --infra, stop the servers although other agents use them.
    #[arg(long)]
    force: bool,
    /// Also stop the shared servers and keep their data; refused while other agents use them.
    #[arg(long)]
    infra: bool,
    /// Only an agent whose tree or project was deleted.
    #[arg(long, hide = true)]
    if_gone: bool,
    /// With --infra, also delete the servers' data.
    #[arg(long, requires = "infra")]
    volumes: bool,
}

pub(super) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let context = invocation.context()?;
    let target = match arguments.ids.as_slice() {
        _ if arguments.all => TeardownTarget::All,
        [] if !arguments.infra => TeardownTarget::Agents(vec![agent::resolve(&context, None)?]),
        ids => TeardownTarget::Agents(ids.to_vec()),
    };
    let options = TeardownOptions {
        target,
        dry_run: arguments.dry_run,
        force: arguments.force,
        infra: arguments.infra,
        only_leftovers: arguments.if_gone,
        volumes: arguments.volumes,
    };
    let (mut teardown, kind) = block_on(agent::teardown(&context, &options))?;
    if let Some(infra) = &mut teardown.infra {
        infra.extend(block_on(serve::stop_if_detached(&context.home, arguments.dry_run))?);
    }
    invocation.output.document(&teardown, text);
    invocation
        .output
        .tell_errors(teardown.agents.iter().filter_map(|agent| Some((agent.agent, agent.error.as_ref()?))));
    Ok(ExitCode::from(kind.map_or(0, Kind::exit_code)))
}

fn text(teardown: &Teardown) -> String {
    let mut text = String::new();
    let verb = if teardown.dry_run { "would remove" } else { "removed" };
    for agent in &teardown.agents {
        let outcome = match (&agent.error, agent.removed.is_empty(), agent.left.is_empty()) {
            (Some(_), true, _) => "not removed",
            (Some(_), false, _) => "partly removed",
            (None, true, true) => "nothing to remove",
            _ => verb,
        };
        let _ = writeln!(text, "agent {}: {outcome}", agent.agent);
        write_things(&mut text, "", &agent.removed);
        write_things(&mut text, "left: ", &agent.left);
        write_things(&mut text, "foreign, untouched: ", &agent.foreign);
    }
    if teardown.agents.is_empty() && teardown.infra.is_none() {
        text.push_str("no agents\n");
    }
    if let Some(infra) = &teardown.infra {
        let _ = writeln!(text, "infra: {}", if infra.is_empty() { "nothing to remove" } else { verb });
        write_things(&mut text, "", infra);
    }
    text
}

/// One line a thing, also for `gc`.
pub(super) fn write_things(text: &mut String, prefix: &str, things: &[Removed]) {
    for thing in things {
        let detail = thing.detail.as_ref().map_or_else(String::new, |detail| format!(" ({detail})"));
        let _ = writeln!(text, "  {prefix}{} {}{detail}", thing.kind, thing.name);
    }
}
