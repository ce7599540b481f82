//! `harness backup` and `harness restore`.

use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::invocation::{Invocation, block_on, interruptible};
use crate::backup::{self, Parts};
use crate::report::{AgentContents, Failure};
use crate::system::text::count;
use crate::terminal;

/// Write what this home has to a directory: databases, buckets, the data of `harness serve`, while everything runs.
///
/// Not in it: source files and work trees (git has them), templates (the next launch builds them), stores, logs. The
/// backup holds secrets of `harness serve`, and is readable for its owner alone.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness backup /backup/monday               everything
  harness backup /backup/monday --no-buckets  without the objects in S3")]
pub(super) struct BackupArguments {
    /// A directory that does not exist yet, or is empty.
    #[arg(id = "backup_directory", value_name = "DIR")]
    directory: PathBuf,
    /// Leave the agents' databases out.
    #[arg(long)]
    no_databases: bool,
    /// Leave the agents' buckets out.
    #[arg(long)]
    no_buckets: bool,
}

/// Restore a backup into an empty home: launch its agents and give each its database and bucket back.
///
/// The checksums are compared first. The projects have to be where they were; a work tree is made on the branch that the agent
/// had. `harness serve` must not run.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness restore /backup/monday             into a home without agents
  harness restore /backup/monday --force     replace the contents of the agents that are in the backup")]
pub(super) struct RestoreArguments {
    /// What `harness backup` has written.
    #[arg(id = "backup_directory", value_name = "DIR")]
    directory: PathBuf,
    /// Also into a home that has agents: those in the backup lose their present contents.
    #[arg(long)]
    force: bool,
}

pub(super) fn backup(arguments: &BackupArguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let context = invocation.context()?;
    let parts = Parts { databases: !arguments.no_databases, buckets: !arguments.no_buckets };
    let done = interruptible(backup::create(&context, &arguments.directory, parts))?;
    invocation.output.document(&done, |done| {
        let mut text = String::new();
        contents(&mut text, &done.agents);
        let size = terminal::size(done.bytes);
        let took = terminal::duration(Duration::from_millis(done.duration_ms));
        let _ = writeln!(text, "{}: {} ({size}) in {took}", done.directory, files(done.files));
        text
    });
    Ok(ExitCode::SUCCESS)
}

pub(super) fn restore(arguments: &RestoreArguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let context = invocation.context_to_make()?;
    let done = block_on(backup::restore(&context, &arguments.directory, arguments.force))?;
    invocation.output.document(&done, |done| {
        let mut text = String::new();
        contents(&mut text, &done.agents);
        for file in &done.files {
            let _ = writeln!(text, "{file}");
        }
        let took = terminal::duration(Duration::from_millis(done.duration_ms));
        let _ = writeln!(text, "restored what was saved {} in {took}", super::db::to_the_second(&done.made_at));
        text
    });
    Ok(ExitCode::SUCCESS)
}

fn files(number: u64) -> String {
    count(usize::try_from(number).unwrap_or(usize::MAX), "file")
}

fn contents(text: &mut String, agents: &[AgentContents]) {
    for agent in agents {
        let database = agent.database.clone();
        let objects = agent.objects.map(|number| count(usize::try_from(number).unwrap_or(usize::MAX), "object"));
        let parts: Vec<String> = database.into_iter().chain(objects).collect();
        let _ = writeln!(text, "agent {} ({}): {}", agent.agent, agent.project, parts.join(", "));
    }
}
