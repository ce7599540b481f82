//! `harness launch`.

use std::fmt::Write;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::invocation::{Invocation, block_on};
use crate::agent::{self, LaunchOptions};
use crate::project::AgentId;
use crate::report::{Failure, Launch, LaunchOutcome, LaunchedAgent};
use crate::terminal::{self, Table};
use crate::verify;

/// Start agents: database, bucket, environment, processes.
///
/// Running it again continues an interrupted launch, repairs what is missing, or reports that nothing
/// changed. If a stack is not healthy in time, it fails and shows the process, its exit status and its
/// last log lines.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness launch                 start the agent of this tree
  harness launch 3               start agent 3, or continue or repair it
  harness launch --all 3         start agents 1 to 3
  harness launch 3 --branch fix  in its own work tree, on branch `fix`
  harness launch 3 --reset-db    with a fresh clone of the template")]
pub(super) struct Arguments {
    /// Agents to launch, 1 to 99; without one, the agent of this tree, which gets a free id.
    #[arg(value_name = "ID", conflicts_with = "all")]
    ids: Vec<AgentId>,
    /// Launch agents 1 to N.
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "3")]
    all: Option<AgentId>,
    /// Also start a disabled process; may be repeated.
    #[arg(long, value_name = "NAME")]
    with: Vec<String>,
    /// How long the processes may take to become healthy.
    #[arg(long, value_name = "DURATION", value_parser = super::duration::parse_some)]
    timeout: Option<Duration>,
    /// Keep what a failed first launch created.
    #[arg(long)]
    keep: bool,
    /// Replace the agent's database with a fresh clone of the template.
    #[arg(long)]
    reset_db: bool,
    /// Give the agent its own git work tree.
    #[arg(long, overrides_with = "no_worktree")]
    worktree: bool,
    /// Run in the project's root, even if harness.toml has a `[worktree]` table.
    #[arg(long)]
    no_worktree: bool,
    /// Branch of the work tree; an existing branch is checked out.
    #[arg(long, value_name = "NAME", conflicts_with = "no_worktree")]
    branch: Option<String>,
    /// Engine of the shared servers: `auto`, `docker`, `native`.
    #[arg(long, value_name = "ENGINE")]
    engine: Option<super::setup::Engine>,
    /// Start although the memory of this machine does not suffice.
    #[arg(long)]
    force: bool,
}

pub(super) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let context = invocation.context_to_make()?;
    let mut agents = match arguments.all {
        Some(last) => (1..=last.get()).filter_map(|id| AgentId::try_from(id).ok()).collect(),
        None => arguments.ids.clone(),
    };
    agents.sort_unstable();
    agents.dedup();
    let options = LaunchOptions {
        with: arguments.with.clone(),
        timeout: arguments.timeout,
        keep: arguments.keep,
        reset_database: arguments.reset_db,
        worktree: match (arguments.worktree || arguments.branch.is_some(), arguments.no_worktree) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        },
        branch: arguments.branch.clone(),
        engine: arguments.engine.map(Into::into),
        force: arguments.force,
    };
    let (launch, kind) = block_on(async {
        let launched = if agents.is_empty() {
            agent::launch_here(&context, &options).await?
        } else {
            agent::launch(&context, &agents, &options).await?
        };
        verify::gate_commits(&context, &launched.0).await;
        Ok(launched)
    })?;
    invocation.output.document(&launch, text);
    invocation.output.tell_errors(launch.agents.iter().filter_map(|agent| Some((agent.agent, agent.error.as_ref()?))));
    Ok(ExitCode::from(kind.map_or(0, crate::report::Kind::exit_code)))
}

fn text(launch: &Launch) -> String {
    let mut text = String::new();
    for agent in &launch.agents {
        write_agent(&mut text, agent);
    }
    text
}

fn write_agent(text: &mut String, agent: &LaunchedAgent) {
    let outcome = terminal::paint(&agent.outcome);
    let took = terminal::duration(Duration::from_millis(agent.duration_ms));
    let _ = match agent.outcome {
        LaunchOutcome::AlreadyRunning => {
            writeln!(text, "agent {}: {}, nothing changed", agent.agent, outcome)
        }
        _ => writeln!(text, "agent {}: {} in {took}", agent.agent, outcome),
    };
    if agent.outcome == LaunchOutcome::Failed {
        return;
    }
    let mut facts = Table::new(&[]);
    facts.row(["  tree", agent.tree.as_str()]);
    for (name, url) in &agent.urls {
        facts.row([format!("  {name}"), url.clone()]);
    }
    let named = [
        ("database", agent.database.as_ref()),
        ("bucket", agent.bucket.as_ref()),
        ("mail tag", agent.mail_tag.as_ref()),
        ("env file", agent.env_file.as_ref()),
        ("guide", agent.guide.as_ref()),
    ];
    for (name, value) in named {
        if let Some(value) = value {
            facts.row([format!("  {name}"), value.clone()]);
        }
    }
    text.push_str(&facts.render());
}
