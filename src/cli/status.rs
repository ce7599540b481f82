//! `harness status`.

use std::fmt::Write;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::invocation::{Invocation, interruptible};
use crate::agent;
use crate::project::AgentId;
use crate::report::{AgentStatus, Failure, ProcessRow, ProcessState, Status};
use crate::terminal::{self, Table, paint, paint_as};

/// Show every agent of this home, or the processes of one agent.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness status                 show every agent of this machine
  harness status 3 --json        show agent 3 and its processes, as JSON")]
pub(super) struct Arguments {
    /// The agent.
    #[arg(value_name = "ID")]
    id: Option<AgentId>,
}

pub(super) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let context = invocation.context()?;
    let status = interruptible(agent::status(&context, arguments.id))?;
    let one = arguments.id.is_some();
    invocation.output.document(&status, |status| if one { detailed(status) } else { overview(status) });
    Ok(ExitCode::SUCCESS)
}

fn overview(status: &Status) -> String {
    let mut text = super::infra::services(&status.infra);
    if status.agents.is_empty() {
        text.push_str("no agents; `harness launch` creates one\n");
        return text;
    }
    text.push('\n');
    let mut table = Table::new(&["agent", "project", "branch", "state", "processes", "memory", "tree", "urls"]);
    for agent in &status.agents {
        let up = agent.processes.iter().filter(|process| process.pid.is_some()).count();
        let memory: u64 = agent.processes.iter().filter_map(|process| process.memory_bytes).sum();
        table.row([
            agent.agent.to_string(),
            agent.project.clone(),
            agent.branch.clone().unwrap_or_else(|| "-".to_owned()),
            paint(&agent.state),
            format!(
                "{up}/{}",
                agent.processes.iter().filter(|process| process.state != ProcessState::Disabled).count()
            ),
            terminal::size(memory),
            shortened(&agent.tree),
            agent.urls.values().cloned().collect::<Vec<_>>().join(" "),
        ]);
    }
    text.push_str(&table.render());
    for agent in &status.agents {
        remarks(&mut text, agent);
    }
    text
}

/// A path with `~` for the user's home directory, which most trees are in.
fn shortened(path: &str) -> String {
    let home = std::env::var("HOME").ok().filter(|home| home.len() > 1);
    let below = home.and_then(|home| path.strip_prefix(&home)?.strip_prefix('/').map(str::to_owned));
    below.map_or_else(|| path.to_owned(), |below| format!("~/{below}"))
}

fn detailed(status: &Status) -> String {
    let mut text = String::new();
    for agent in &status.agents {
        let _ = writeln!(text, "agent {} of {}: {}", agent.agent, agent.project, paint(&agent.state));
        let mut facts = Table::new(&[]);
        facts.row(["  tree", agent.tree.as_str()]);
        if let Some(branch) = &agent.branch {
            facts.row(["  branch", branch.as_str()]);
        }
        if let Some(database) = &agent.database {
            let from = super::db::from_template(agent.template.as_deref(), agent.agent);
            let stale = if agent.template_stale == Some(true) { ", stale" } else { "" };
            facts.row(["  database".to_owned(), format!("{database} ({from}{stale})")]);
        }
        for store in &agent.stores {
            let from =
                store.template.as_ref().map_or_else(|| "empty".to_owned(), |template| format!("from {template}"));
            let stale = if store.template_stale == Some(true) { ", stale" } else { "" };
            facts.row([format!("  store {}", store.name), format!("{} ({from}{stale})", terminal::size(store.bytes))]);
        }
        for (name, url) in &agent.urls {
            facts.row([format!("  {name}"), url.clone()]);
        }
        text.push_str(&facts.render());
        text.push_str(&processes(&agent.processes));
        remarks(&mut text, agent);
    }
    text
}

/// The state for people: a compiler in watch mode is healthy even if the code that it compiles has errors.
fn shown_state(row: &ProcessRow) -> String {
    match row
        .reason
        .as_deref()
        .filter(|_| row.state == ProcessState::Ready && row.reported_errors.unwrap_or_default() > 0)
    {
        Some(with_errors) => paint_as(&ProcessState::Starting, with_errors),
        None => paint(&row.state),
    }
}

/// The table of processes.
pub(super) fn processes(rows: &[ProcessRow]) -> String {
    let mut table = Table::new(&["name", "pid", "state", "restarts", "uptime", "cpu", "memory", "port"]).right(5);
    for row in rows {
        let dash = || "-".to_owned();
        table.row([
            row.name.clone(),
            row.pid.map_or_else(dash, |pid| pid.to_string()),
            shown_state(row),
            row.restarts.to_string(),
            row.uptime_ms.map_or_else(dash, |ms| terminal::duration(Duration::from_millis(ms.unsigned_abs()))),
            row.cpu_percent.map_or_else(dash, |percent| format!("{percent:.1} %")),
            row.memory_bytes.map_or_else(dash, terminal::size),
            row.ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        ]);
    }
    table.render()
}

fn remarks(text: &mut String, agent: &AgentStatus) {
    // errors that its log reports are in the table
    let is_shown = |row: &&ProcessRow| row.state == ProcessState::Ready && row.reported_errors.unwrap_or_default() > 0;
    for row in agent.processes.iter().filter(|row| !is_shown(row)) {
        if let Some(reason) = &row.reason {
            let _ = writeln!(text, "agent {} {}: {reason}", agent.agent, row.name);
        }
        for line in &row.last_lines {
            let _ = writeln!(text, "  | {line}");
        }
    }
    for row in agent.processes.iter().filter(|row| row.lost_log_bytes > 0) {
        let _ = writeln!(
            text,
            "agent {} {}: {} of its output lost",
            agent.agent,
            row.name,
            terminal::size(row.lost_log_bytes)
        );
    }
    for drift in &agent.drift {
        let _ = writeln!(text, "agent {}: drift: {drift}", agent.agent);
    }
    if agent.template_stale == Some(true) {
        let _ = writeln!(text, "agent {}: template: stale", agent.agent);
    }
    if let Some(error) = &agent.error {
        text.push_str(&terminal::render_failure(error));
    }
}
