//! `harness db`.

use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::duration;
use super::invocation::{Invocation, block_on, interruptible};
use crate::agent::{self, DatabaseAction};
use crate::project::AgentId;
use crate::report::{DatabaseDiff, DatabaseFile, DatabaseReport, Diagnostic, Failure, Kind, TableDiff};
use crate::system::text::count;
use crate::terminal::{self, Table};

/// Snapshot, restore, reset, compare, dump and load an agent's database while its stack runs.
///
/// `snapshot`, `restore`, `reset` and `load` end all sessions of the database; applications have to reconnect. With `--drain`
/// the first three wait for a moment in which no session has a transaction open. `snapshot`, `restore`, `reset` and `drop`
/// take the agent's stores (`[stores]`) with the database.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  harness db 3 snapshot before_migration    save the present contents
  harness db 3 restore before_migration     restore them; the snapshot is kept
  harness db 3 restore before --drain=60    first wait up to 60 s for open transactions
  harness db 3 reset --yes                  replace the database with a fresh clone of the template
  harness db 3 diff                         show the tables whose rows differ from the template
  harness db 3 dump before.dump             write the contents to a file
  harness db 3 list                         list the snapshots")]
pub(super) struct Arguments {
    /// The agent.
    #[arg(value_name = "ID")]
    id: Option<AgentId>,
    /// Also for an agent of another project; `dump`: also over a file that is there.
    #[arg(long, global = true)]
    force: bool,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Save the present contents under a name.
    Snapshot {
        #[command(flatten)]
        name: Name,
        #[command(flatten)]
        drain: Drain,
    },
    /// Replace the database with a snapshot; its present contents are lost.
    Restore {
        #[command(flatten)]
        name: Name,
        #[command(flatten)]
        drain: Drain,
    },
    /// Replace the database with a fresh clone of the template; its present contents are lost.
    Reset {
        /// The agent.
        #[arg(value_name = "ID")]
        id: Option<AgentId>,
        /// Confirm that the present contents may be lost.
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        drain: Drain,
    },
    /// List the snapshots.
    List {
        /// The agent.
        #[arg(value_name = "ID")]
        id: Option<AgentId>,
    },
    /// Drop a snapshot.
    Drop(Name),
    /// Show the tables with rows added, removed and changed since a snapshot; without one, since the clone of the template.
    Diff {
        /// The agent, and the snapshot's name.
        #[arg(value_name = "[ID] [NAME]", num_args = 0..=2)]
        words: Vec<String>,
    },
    /// Write the contents to a file: SQL where its name ends in `.sql`, else the format of `pg_restore`.
    Dump {
        /// The agent, and the file; `agent_3.dump` in the current directory unless given.
        #[arg(value_name = "[ID] [FILE]", num_args = 0..=2)]
        words: Vec<String>,
    },
    /// Replace the contents by those of a file of `pg_dump` or of SQL; the present ones are lost.
    Load {
        /// The agent, and the file.
        #[arg(value_name = "[ID] FILE", num_args = 1..=2, required = true)]
        words: Vec<String>,
        /// Confirm that the present contents may be lost.
        #[arg(long)]
        yes: bool,
    },
}

impl Arguments {
    /// The document of its result and of its failure.
    pub(super) fn document(&self) -> &'static str {
        match self.verb {
            Verb::Diff { .. } => "db-diff",
            Verb::Dump { .. } => "db-dump",
            Verb::Load { .. } => "db-load",
            _ => "db",
        }
    }
}

#[derive(Debug, Args)]
struct Drain {
    /// Wait until no session has a transaction open, at most so long; 30 s unless given. What is open then is cut off.
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, require_equals = true, default_missing_value = "30",
          value_parser = duration::parse_some)]
    drain: Option<Duration>,
}

#[derive(Debug, Args)]
struct Name {
    /// The agent, and the snapshot's name: up to 40 lower-case letters, digits and `_`.
    #[arg(value_name = "[ID] NAME", num_args = 1..=2, required = true)]
    words: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
#[error("`{verb}` deletes the contents of the database of agent {agent}")]
struct NotConfirmed {
    verb: &'static str,
    agent: AgentId,
    command: String,
}

impl Diagnostic for NotConfirmed {
    fn kind(&self) -> Kind {
        Kind::Usage
    }

    fn code(&self) -> &'static str {
        "db.not_confirmed"
    }

    fn hint(&self) -> Option<String> {
        let Self { agent, command, .. } = self;
        Some(format!("run `{command} --yes`; `harness db {agent} snapshot NAME` saves the contents first"))
    }
}

#[derive(Debug, thiserror::Error)]
#[error("`{0}` is an agent id, and no file is given")]
struct NoFile(String);

impl Diagnostic for NoFile {
    fn kind(&self) -> Kind {
        Kind::Usage
    }

    fn code(&self) -> &'static str {
        "db.no_file"
    }

    fn hint(&self) -> Option<String> {
        Some("pass a file: `harness db 3 load before.dump`".to_owned())
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

/// The agent where one is named among these words, and the other word; `known` is one that was named before the verb.
fn split(words: &[String], known: Option<AgentId>) -> (Option<AgentId>, Option<&String>) {
    let (named, rest) = match known {
        Some(_) if words.len() == 1 => (None, words),
        _ => agent::split_id(words),
    };
    (named, rest.first())
}

pub(super) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let context = invocation.context()?;
    let (output, force) = (&invocation.output, arguments.force);
    let (named, action) = match &arguments.verb {
        Verb::Diff { words } => {
            let (named, name) = split(words, arguments.id);
            let id = agent::resolve(&context, named.or(arguments.id))?;
            let found = block_on(agent::database_diff(&context, id, name.map(String::as_str)))?;
            output.document(&found, differences);
            return Ok(ExitCode::SUCCESS);
        }
        Verb::Dump { words } => {
            let (named, file) = split(words, arguments.id);
            let id = agent::resolve(&context, named.or(arguments.id))?;
            let file = file.map(PathBuf::from);
            let done = interruptible(agent::dump_database(&context, id, file.as_deref(), force))?;
            output.document(&done, |done| written("dumped", done));
            return Ok(ExitCode::SUCCESS);
        }
        Verb::Load { words, yes } => {
            let (named, file) = split(words, arguments.id);
            let id = agent::resolve(&context, named.or(arguments.id))?;
            let file = file.ok_or_else(|| NoFile(words.join(" ")))?;
            if !yes {
                let command = format!("harness db {id} load {file}");
                return Err(NotConfirmed { verb: "load", agent: id, command }.into());
            }
            let done = block_on(agent::load_database(&context, id, &PathBuf::from(file), force))?;
            output.document(&done, |done| written("loaded", done));
            return Ok(ExitCode::SUCCESS);
        }
        Verb::Snapshot { name, .. } => name.of(DatabaseAction::Snapshot, arguments.id)?,
        Verb::Restore { name, .. } => name.of(DatabaseAction::Restore, arguments.id)?,
        Verb::Drop(name) => name.of(DatabaseAction::Drop, arguments.id)?,
        Verb::Reset { id, .. } => (*id, DatabaseAction::Reset),
        Verb::List { id } => (*id, DatabaseAction::List),
    };
    let id = agent::resolve(&context, named.or(arguments.id))?;
    if matches!(arguments.verb, Verb::Reset { yes: false, .. }) {
        let command = format!("harness db {id} reset");
        return Err(NotConfirmed { verb: "reset", agent: id, command }.into());
    }
    let drain = match &arguments.verb {
        Verb::Snapshot { drain, .. } | Verb::Restore { drain, .. } | Verb::Reset { drain, .. } => drain.drain,
        _ => None,
    };
    let report = interruptible(agent::database(&context, id, &action, drain.unwrap_or_default(), arguments.force))?;
    invocation.output.document(&report, text);
    Ok(ExitCode::SUCCESS)
}

fn differences(found: &DatabaseDiff) -> String {
    let against = match (&found.snapshot, &found.template) {
        (Some(name), _) => format!("snapshot {name}"),
        (None, template) => format!("template {}", template.as_deref().unwrap_or_default()),
    };
    let mut text = format!("{} and {against}: ", found.database);
    let compared = count(found.compared, "table");
    if found.tables.is_empty() {
        let _ = writeln!(text, "no difference in {compared}");
        return text;
    }
    let _ = writeln!(text, "{} of {compared} differ", found.tables.len());
    let mut table = Table::new(&["table", "added", "removed", "changed", "columns"]);
    for column in 1..4 {
        table = table.right(column);
    }
    for row in &found.tables {
        let [added, removed, changed] =
            [row.rows_added, row.rows_removed, row.rows_changed].map(|rows| rows.to_string());
        table.row([row.table.clone(), added, removed, changed, structure(row)]);
    }
    text.push_str(&table.render());
    text
}

/// What became of the table itself.
fn structure(row: &TableDiff) -> String {
    if row.is_new || row.is_gone {
        return if row.is_new { "new table".to_owned() } else { "table is gone".to_owned() };
    }
    let added = row.columns_added.iter().map(|column| format!("+{column}"));
    added.chain(row.columns_removed.iter().map(|column| format!("-{column}"))).collect::<Vec<_>>().join(" ")
}

fn written(what: &str, done: &DatabaseFile) -> String {
    format!("{what} {}: {} ({})\n", done.database, done.file, terminal::size(done.bytes))
}

fn text(report: &DatabaseReport) -> String {
    let mut text = String::new();
    let from = from_template(report.template.as_deref(), report.agent);
    if let Some(database) = &report.database {
        let _ = writeln!(text, "{database} ({from})");
    }
    if report.snapshots.is_empty() {
        text.push_str("no snapshots\n");
        return text;
    }
    let mut table = Table::new(&["snapshot", "size", "made", "stores"]).right(1);
    for row in &report.snapshots {
        table.row([
            row.name.clone(),
            terminal::size(row.bytes),
            row.made_at.as_deref().map(to_the_second).unwrap_or_default(),
            row.stores.join(" "),
        ]);
    }
    text.push_str(&table.render());
    text
}

/// Where a database comes from. Its first clone or a reset sets that last.
pub(super) fn from_template(template: Option<&str>, agent: u8) -> String {
    match template {
        Some(template) => format!("from {template}"),
        None => format!("its clone or reset was cut off: `harness launch {agent}` clones it again"),
    }
}

/// `2026-11-21T15:27:29Z`: fractions are for programs.
pub(super) fn to_the_second(time: &str) -> String {
    time.split_once('.').map_or_else(|| time.to_owned(), |(seconds, _)| format!("{seconds}Z"))
}
