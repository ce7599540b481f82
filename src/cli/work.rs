//! `harness work`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use super::invocation::{Invocation, block_on};
use crate::jobs::{self, Access, Say, WorkOptions};
use crate::report::{Failure, Kind, Work, WorkOutcome};
use crate::serve;
use crate::system::{Home, Secret};
use crate::terminal::{Table, harmless};

/// Do the jobs of a queue: an agent's program in a stack of its own, `verify --full`, a push, a pull request.
///
/// It runs until SIGTERM or Ctrl-C; sessions go on then, and the next worker of the same name goes on with its jobs.
/// Without `--url` it works for the `harness serve` of this home. What is not given here is read from the environment
/// (`HARNESS_API_URL`, `HARNESS_WORKER_KEY`, `PROJECT_IDS`, `MAX_CONCURRENT_AGENTS`, `POLL_INTERVAL_SEC`, `GITHUB_TOKEN`),
/// then from the file.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness work                   for the server of this home
  harness work --once            one job, if one waits
  harness work --url https://queue.example.com --project shop --jobs 2
  harness work --env-file ~/work.env")]
pub(super) struct Arguments {
    /// URL of the server.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Key of `harness serve key add`; other users can read a command line, so prefer `HARNESS_WORKER_KEY`.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Take jobs of this project only; may be repeated.
    #[arg(long, value_name = "NAME")]
    project: Vec<String>,
    /// Name of this worker [default: that of the machine].
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Jobs at a time [default: 1].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=99))]
    jobs: Option<u8>,
    /// How often to ask for a job [default: 10s].
    #[arg(long, value_name = "DURATION", value_parser = super::duration::parse_some)]
    poll: Option<Duration>,
    /// Read variables from FILE instead of /etc/harness/work.env.
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,
    /// Do one job, if one waits, and end: with 1 unless it succeeded.
    #[arg(long)]
    once: bool,
    /// Do one job that a worker says on stdin, in a container of its own.
    #[arg(long, hide = true)]
    handed: bool,
}

pub(super) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let context = invocation.context_to_make()?;
    if arguments.handed {
        return block_on(jobs::handed_over(&context)).map(|()| ExitCode::SUCCESS);
    }
    let options = WorkOptions {
        url: arguments.url.clone(),
        key: arguments.key.as_ref().map(Secret::new),
        projects: arguments.project.clone(),
        name: arguments.name.clone(),
        jobs: arguments.jobs.map(usize::from),
        poll: arguments.poll,
        env_file: arguments.env_file.as_ref().map(|path| context.directory.join(path)),
        once: arguments.once,
    };
    let output = invocation.output;
    let say: Say = Arc::new(move |text| output.tell(&harmless(text)));
    let work = block_on(jobs::work(&context, &options, own, &say))?;
    output.document(&work, text);
    let is_well = |outcome| matches!(outcome, WorkOutcome::Succeeded | WorkOutcome::Left);
    let failed = arguments.once && work.jobs.iter().any(|job| !is_well(job.outcome));
    Ok(ExitCode::from(if failed { Kind::CheckFailed.exit_code() } else { 0 }))
}

/// The server of a home.
fn own(home: &Home) -> Result<Access, Failure> {
    let (url, key) = serve::access(home)?;
    Ok(Access { url, key })
}

fn text(work: &Work) -> String {
    if work.jobs.is_empty() {
        return "no job was done\n".to_owned();
    }
    let mut table = Table::new(&["job", "ticket", "project", "outcome", ""]);
    for job in &work.jobs {
        let what = job.pull_request.as_ref().or(job.reason.as_ref()).or(job.branch.as_ref());
        table.row([
            job.job.to_string(),
            job.ticket.to_string(),
            job.project.clone(),
            job.outcome.to_string(),
            what.map(|text| harmless(text)).unwrap_or_default(),
        ]);
    }
    table.render()
}
