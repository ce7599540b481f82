//! `harness template`.

use std::fmt::Write;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::invocation::{Invocation, block_on, interruptible};
use super::teardown::write_things;
use crate::agent;
use crate::report::{
    Copies, Failure, StoreTemplateRow, TemplateBuild, TemplateDrop, TemplateList, TemplateRow, TemplateShow,
};
use crate::terminal::{self, Table};

/// Show, build and drop the templates that agents' databases are cloned from.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness template list          show every template of this machine
  harness template show          show the one that this tree asks for
  harness template build         build it, unless it is there
  harness template gc            drop those that no agent uses")]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show every template of this machine: size, age, the agents that use it, spares, time of a clone.
    List,
    /// Show one template and what its steps are made from; without a name, the one that this tree asks for.
    Show {
        /// Its name: `tpl_<12 hexadecimal digits>`.
        #[arg(value_name = "NAME")]
        name: Option<String>,
    },
    /// Build the template that this tree asks for, unless it is there.
    Build,
    /// Drop templates and their spares; databases of agents stay.
    Drop {
        /// Their names.
        #[arg(value_name = "NAME", required = true)]
        names: Vec<String>,
        /// Also where databases of agents come from it.
        #[arg(long)]
        force: bool,
    },
    /// Drop the templates that no agent uses, but the newest of each project.
    Gc {
        /// List what would be dropped, and drop nothing.
        #[arg(long)]
        dry_run: bool,
    },
}

impl Arguments {
    /// The verb as it is typed.
    pub(super) fn verb_name(&self) -> &'static str {
        match self.verb {
            Verb::List => "list",
            Verb::Show { .. } => "show",
            Verb::Build => "build",
            Verb::Drop { .. } => "drop",
            Verb::Gc { .. } => "gc",
        }
    }
}

pub(super) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let output = &invocation.output;
    match &arguments.verb {
        Verb::List => output.document(&interruptible(agent::templates(&invocation.context()?))?, list),
        Verb::Show { name } => {
            output.document(&interruptible(agent::template(&invocation.context()?, name.as_deref()))?, show);
        }
        Verb::Build => output.document(&interruptible(agent::build_template(&invocation.context_to_make()?))?, built),
        Verb::Drop { names, force } => {
            output.document(&block_on(agent::drop_templates(&invocation.context()?, names, *force))?, dropped);
        }
        Verb::Gc { dry_run } => {
            output.document(&block_on(agent::collect_templates(&invocation.context()?, *dry_run))?, dropped);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list(list: &TemplateList) -> String {
    let mut text = copies(&list.copies);
    if list.templates.is_empty() {
        text.push_str("no templates\n");
        text.push_str(&stores(&list.stores));
        return text;
    }
    let mut table = Table::new(&["template", "project", "size", "made", "agents", "spares", "clone"]).right(2);
    for column in [5, 6] {
        table = table.right(column);
    }
    for row in &list.templates {
        let name = if row.kept { format!("{} (kept state)", row.name) } else { row.name.clone() };
        let project = row.project.clone();
        table.row([
            name,
            project,
            terminal::size(row.bytes),
            made(row),
            agents(row),
            row.spares.to_string(),
            clone(row),
        ]);
    }
    text.push_str(&table.render());
    text.push_str(&stores(&list.stores));
    text
}

fn stores(rows: &[StoreTemplateRow]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&["of a store", "project", "size", "made", "agents"]).right(2);
    for row in rows {
        let name = format!("{} ({})", row.name, row.store);
        let made = super::db::to_the_second(&row.made_at);
        table.row([name, row.project.clone(), terminal::size(row.bytes), made, ids(&row.agents)]);
    }
    format!("\n{}", table.render())
}

fn show(show: &TemplateShow) -> String {
    let mut text = String::new();
    match &show.template {
        Some(row) => {
            let kept = if row.kept { ", a state that builds begin from" } else { "" };
            let _ = writeln!(text, "{} of {}{kept}", row.name, row.project);
            let _ = writeln!(text, "size {}, made {}, agents {}", terminal::size(row.bytes), made(row), agents(row));
            let _ = writeln!(text, "spares {}, time of a clone {}", row.spares, clone(row));
            if let Some(why) = &show.no_spares {
                let _ = writeln!(text, "no more spares: {why}");
            }
        }
        None => {
            let _ = writeln!(text, "{}: not built; `harness template build` builds it", show.name);
        }
    }
    text.push_str(&copies(&show.copies));
    for step in &show.steps {
        let _ = writeln!(text, "step {}", step.name);
        for file in &step.files {
            let _ = writeln!(text, "  {file}");
        }
        if !step.variables.is_empty() {
            let _ = writeln!(text, "  variables {}", step.variables.join(", "));
        }
    }
    text
}

/// How copies are made, and what would make them faster.
fn copies(copies: &Copies) -> String {
    let why = match (copies.copy_on_write, copies.file_system) {
        (true, _) => "yes",
        (_, None) => "no, as far as is known: the server is external",
        (_, Some(true)) => "no: the file system can, and PostgreSQL 18 or newer would make use of it",
        (_, Some(false)) => "no: databases are copied; on XFS or Btrfs, PostgreSQL 18 clones any size at once",
    };
    format!("PostgreSQL {}, copy-on-write: {why}\n", copies.postgres)
}

fn built(build: &TemplateBuild) -> String {
    format!("template {} {}\n", build.name, if build.built { "built" } else { "present" })
}

fn dropped(report: &TemplateDrop) -> String {
    let mut text = String::new();
    write_things(&mut text, if report.dry_run { "would drop: " } else { "dropped: " }, &report.dropped);
    if text.is_empty() { "nothing to drop\n".to_owned() } else { text }
}

fn made(row: &TemplateRow) -> String {
    row.made_at.as_deref().map(super::db::to_the_second).unwrap_or_default()
}

fn agents(row: &TemplateRow) -> String {
    ids(&row.agents)
}

fn ids(agents: &[u8]) -> String {
    let ids: Vec<String> = agents.iter().map(ToString::to_string).collect();
    if ids.is_empty() { "-".to_owned() } else { ids.join(" ") }
}

fn clone(row: &TemplateRow) -> String {
    row.clone_ms.map_or_else(|| "-".to_owned(), |milliseconds| format!("{milliseconds} ms"))
}
