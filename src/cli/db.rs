//! `harness db`.

use std::fmt::Write;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::invocation::{Invocation, block_on};
use crate::agent::{self, DatabaseAction};
use crate::project::AgentId;
use crate::report::{DatabaseReport, Diagnostic, Failure, Kind};
use crate::terminal::{self, Table};

/// Snapshot, restore and reset an agent's database while its stack runs.
///
/// `snapshot`, `restore` and `reset` end all sessions of the database; applications have to reconnect.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  harness db 3 snapshot before_migration    save the present contents
  harness db 3 restore before_migration     restore them; the snapshot is kept
  harness db 3 reset --yes                  replace the database with a fresh clone of the template
  harness db 3 list                         list the snapshots")]
pub(super) struct Arguments {
    /// The agent.
    #[arg(value_name = "ID")]
    id: Option<AgentId>,
    /// Also for an agent of another project than the one here.
    #[arg(long, global = true)]
    force: bool,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Save the present contents under a name.
    Snapshot(Name),
    /// Replace the database with a snapshot; its present contents are lost.
    Restore(Name),
    /// Replace the database with a fresh clone of the template; its present contents are lost.
    Reset {
        /// The agent.
        #[arg(value_name = "ID")]
        id: Option<AgentId>,
        /// Confirm that the present contents may be lost.
        #[arg(long)]
        yes: bool,
    },
    /// List the snapshots.
    List {
        /// The agent.
        #[arg(value_name = "ID")]
        id: Option<AgentId>,
    },
    /// Drop a snapshot.
    Drop(Name),
}

#[derive(Debug, Args)]
struct Name {
    /// The agent, and the snapshot's name: up to 40 lower-case letters, digits and `_`.
    #[arg(value_name = "[ID] NAME", num_args = 1..=2, required = true)]
    words: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
#[error("`reset` deletes the contents of the database of agent {0}")]
struct NotConfirmed(AgentId);

impl Diagnostic for NotConfirmed {
    fn kind(&self) -> Kind {
        Kind::Usage
    }

    fn code(&self) -> &'static str {
        "db.not_confirmed"
    }

    fn hint(&self) -> Option<String> {
        let agent = self.0;
        Some(format!(
            "run `harness db {agent} reset --yes`; `harness db {agent} snapshot NAME` saves the contents first"
        ))
    }
}

#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not an agent id and the name of a snapshot")]
struct NoName(String);

impl Diagnostic for NoName {
    fn kind(&self) -> Kind {
        Kind::Usage
    }

    fn code(&self) -> &'static str {
        "db.no_name"
    }

    fn hint(&self) -> Option<String> {
        Some("pass a name: `harness db 3 snapshot before`".to_owned())
    }
}

impl Name {
    /// The agent where one is named here, and what is to be done; `db 3 snapshot 7` is a snapshot called `7`.
    fn of(
        &self,
        action: fn(String) -> DatabaseAction,
        known: Option<AgentId>,
    ) -> Result<(Option<AgentId>, DatabaseAction), Failure> {
        let (named, rest) = match (known, self.words.as_slice()) {
            (Some(_), [name]) => (None, std::slice::from_ref(name)),
            _ => agent::split_id(&self.words),
        };
        match rest {
            [name] => Ok((named, action(name.clone()))),
            _ => Err(NoName(self.words.join(" ")).into()),
        }
    }
}

pub(super) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let context = invocation.context()?;
    let (named, action) = match &arguments.verb {
        Verb::Snapshot(name) => name.of(DatabaseAction::Snapshot, arguments.id)?,
        Verb::Restore(name) => name.of(DatabaseAction::Restore, arguments.id)?,
        Verb::Drop(name) => name.of(DatabaseAction::Drop, arguments.id)?,
        Verb::Reset { id, .. } => (*id, DatabaseAction::Reset),
        Verb::List { id } => (*id, DatabaseAction::List),
    };
    let id = agent::resolve(&context, named.or(arguments.id))?;
    if matches!(arguments.verb, Verb::Reset { yes: false, .. }) {
        return Err(NotConfirmed(id).into());
    }
    let report = block_on(agent::database(&context, id, &action, arguments.force))?;
    invocation.output.document(&report, text);
    Ok(ExitCode::SUCCESS)
}

fn text(report: &DatabaseReport) -> String {
    let mut text = String::new();
    let template = report.template.as_deref().unwrap_or("no template");
    let _ = writeln!(text, "{} (from {template})", report.database);
    if report.snapshots.is_empty() {
        text.push_str("no snapshots\n");
        return text;
    }
    let mut table = Table::new(&["snapshot", "size", "made"]).right(1);
    for row in &report.snapshots {
        table.row([
            row.name.clone(),
            terminal::size(row.bytes),
            row.made_at.as_deref().map(to_the_second).unwrap_or_default(),
        ]);
    }
    text.push_str(&table.render());
    text
}

/// `2026-11-21T15:27:29Z`: fractions are for programs.
fn to_the_second(time: &str) -> String {
    time.split_once('.').map_or_else(|| time.to_owned(), |(seconds, _)| format!("{seconds}Z"))
}
