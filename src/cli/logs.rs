//! `harness logs`.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::invocation::{Invocation, block_on};
use crate::agent::{self, LogRequest};
use crate::report::Failure;
use crate::system::StackName;
use crate::terminal::LogFormat;

/// Print the logs of an agent's processes, merged by time.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness logs 3                 print the last lines of all processes
  harness logs 3 api -f          follow one process
  harness logs 3 --since 5m --grep error
  harness logs --infra db        print the log of a shared server")]
pub(super) struct Arguments {
    /// The agent, then processes: `3`, `3 api worker`, or inside a work tree `api`.
    #[arg(value_name = "[ID] [PROCESS]...")]
    words: Vec<String>,
    /// Keep printing new lines.
    #[arg(short, long)]
    follow: bool,
    /// Print the last N lines [default: 100, with `--since` all].
    #[arg(short = 'n', long, alias = "tail", value_name = "N")]
    lines: Option<usize>,
    /// Print lines that are at most this old.
    #[arg(long, value_name = "DURATION", value_parser = super::duration::parse)]
    since: Option<Duration>,
    /// Start each line with its time, in UTC.
    #[arg(short, long)]
    timestamps: bool,
    /// Print lines that match this regular expression.
    #[arg(long, value_name = "PATTERN", value_parser = pattern)]
    grep: Option<regex::bytes::Regex>,
    /// Print the logs of the shared servers, or of one: `db`, `minio`, `mailpit`, `headless-browser`, or `autoheal`, which restarts containers.
    #[arg(long, value_name = "SERVICE", num_args = 0..=1, default_missing_value = "", conflicts_with = "words")]
    infra: Option<String>,
    /// Print the log of the detached `harness serve`.
    #[arg(long, conflicts_with_all = ["words", "infra"])]
    serve: bool,
}

pub(super) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let context = invocation.context()?;
    let (stack, processes) = match &arguments.infra {
        _ if arguments.serve => (StackName::Serve, Vec::new()),
        Some(service) if service.is_empty() => (StackName::Infra, Vec::new()),
        Some(service) => (StackName::Infra, vec![service.clone()]),
        None => {
            let (named, rest) = agent::split_id(&arguments.words);
            (agent::resolve(&context, named)?.stack(), rest.to_vec())
        }
    };
    let request = LogRequest {
        stack,
        processes,
        follow: arguments.follow,
        lines: arguments.lines,
        since: arguments.since,
        grep: arguments.grep.clone(),
    };
    let format = LogFormat { names: request.processes.len() != 1, timestamps: arguments.timestamps };
    let output = invocation.output;
    block_on(agent::logs(&context, request, &mut |line| output.log_line(line, format)))?;
    Ok(ExitCode::SUCCESS)
}

fn pattern(text: &str) -> Result<regex::bytes::Regex, String> {
    regex::bytes::Regex::new(text).map_err(|error| error.to_string())
}
