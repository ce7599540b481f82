//! `harness job`.

use std::fmt::Write;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use hyper::Method;
use serde_json::json;

use super::invocation::{Invocation, block_on, interruptible};
use crate::agent::Context;
use crate::report::{Failure, JobLog, QueueJob, QueueJobState, QueueJobs};
use crate::serve;
use crate::terminal::{Table, harmless};

/// How often a log that is followed is read.
const FOLLOW: Duration = Duration::from_millis(500);

/// See and steer the queue: attempts of agents at tickets.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness job list --state running
  harness job show 12
  harness job logs 12 -f         what its worker and its agent say
  harness job cancel 12          its ticket goes back to the backlog
  harness job retry 12           another attempt at its ticket")]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the last jobs.
    List {
        /// Only those of this ticket.
        #[arg(long, value_name = "ID")]
        ticket: Option<u64>,
        /// Only those in this state: `pending`, `claimed`, `running`, `verifying`, `succeeded`, `failed`, `lost`, `cancelled`.
        #[arg(long, value_name = "STATE", value_parser = state)]
        state: Option<QueueJobState>,
    },
    /// Show one job.
    Show {
        /// The job.
        id: u64,
    },
    /// Print the log of a job.
    Logs {
        /// The job.
        id: u64,
        /// Keep printing new lines until the job is over.
        #[arg(short, long)]
        follow: bool,
        /// Print the last N lines.
        #[arg(short = 'n', long, value_name = "N", default_value_t = 1000)]
        lines: u64,
    },
    /// Call a job off.
    Cancel {
        /// The job.
        id: u64,
    },
    /// Make another attempt at the ticket of a job.
    Retry {
        /// The job.
        id: u64,
    },
}

fn state(word: &str) -> Result<QueueJobState, String> {
    serde_json::from_value(json!(word)).map_err(|_| format!("`{word}` is no state of a job"))
}

impl Arguments {
    /// The name of the document.
    pub(super) fn document(&self) -> &'static str {
        match self.verb {
            Verb::List { .. } => "queue-jobs",
            Verb::Logs { .. } => "job-log",
            _ => "queue-job",
        }
    }
}

pub(super) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let context = invocation.context()?;
    let (method, path) = match &arguments.verb {
        Verb::List { ticket, state } => {
            let ticket = ticket.map_or_else(String::new, |ticket| format!("ticket={ticket}&"));
            let state = state.map_or_else(String::new, |state| format!("state={}", state.as_str()));
            let path = format!("/api/queue/jobs?{ticket}{state}");
            let jobs: QueueJobs = block_on(serve::ask(&context.home, Method::GET, &path, None))?;
            invocation.output.document(&jobs, table);
            return Ok(ExitCode::SUCCESS);
        }
        Verb::Logs { id, follow, lines } => {
            interruptible(logs(&context, invocation, *id, *follow, *lines))?;
            return Ok(ExitCode::SUCCESS);
        }
        Verb::Show { id } => (Method::GET, format!("/api/queue/jobs/{id}")),
        Verb::Cancel { id } => (Method::POST, format!("/api/queue/jobs/{id}/cancel")),
        Verb::Retry { id } => (Method::POST, format!("/api/queue/jobs/{id}/retry")),
    };
    let job: QueueJob = block_on(serve::ask(&context.home, method, &path, None))?;
    invocation.output.document(&job, text);
    Ok(ExitCode::SUCCESS)
}

async fn logs(context: &Context, invocation: &Invocation, id: u64, follow: bool, lines: u64) -> Result<(), Failure> {
    let (mut after, mut most) = (0, lines);
    loop {
        let job: QueueJob = serve::ask(&context.home, Method::GET, &format!("/api/queue/jobs/{id}"), None).await?;
        let path = format!("/api/queue/jobs/{id}/logs?after={after}&lines={most}");
        let log: JobLog = serve::ask(&context.home, Method::GET, &path, None).await?;
        after = log.lines.last().map_or(after, |line| line.number);
        most = u64::from(u32::MAX);
        if !follow || !log.lines.is_empty() {
            invocation.output.document(&log, |log| {
                log.lines.iter().fold(String::new(), |text, line| text + &harmless(&line.text) + "\n")
            });
        }
        // the log was read after the state
        if !follow || job.state.is_over() {
            return Ok(());
        }
        tokio::time::sleep(FOLLOW).await;
    }
}

fn table(jobs: &QueueJobs) -> String {
    if jobs.jobs.is_empty() {
        return "no jobs\n".to_owned();
    }
    let mut table = Table::new(&["job", "ticket", "attempt", "state", "worker", "agent", "reason"]);
    for job in &jobs.jobs {
        table.row([
            job.id.to_string(),
            job.ticket.to_string(),
            job.attempt.to_string(),
            job.state.to_string(),
            job.worker.clone().unwrap_or_default(),
            job.outcome.agent.map_or_else(String::new, |agent| agent.to_string()),
            job.outcome.reason.as_deref().map(harmless).unwrap_or_default(),
        ]);
    }
    table.render()
}

fn text(job: &QueueJob) -> String {
    let mut text = format!("job {}: {}, attempt {} at ticket {}\n", job.id, job.state, job.attempt, job.ticket);
    let agent = job.outcome.agent.map(|agent| agent.to_string());
    for (name, value) in [
        ("worker", job.worker.as_ref()),
        ("agent", agent.as_ref()),
        ("session", job.outcome.session.as_ref()),
        ("branch", job.outcome.branch.as_ref()),
        ("commit", job.outcome.commit.as_ref()),
        ("pull request", job.outcome.pull_request.as_ref()),
        ("summary", job.outcome.summary.as_ref()),
        ("reason", job.outcome.reason.as_ref()),
    ] {
        if let Some(value) = value {
            let _ = writeln!(text, "  {name}: {}", harmless(value));
        }
    }
    text
}
