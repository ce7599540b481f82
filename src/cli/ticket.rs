//! `harness ticket`.

use std::fmt::Write;
use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use hyper::Method;
use serde_json::{Value, json};

use super::invocation::{Invocation, block_on};
use crate::agent::Context;
use crate::report::{Failure, Ticket, TicketState, Tickets};
use crate::serve;
use crate::system;
use crate::terminal::{Table, harmless};

/// Say what is wanted, and see what became of it.
///
/// A ticket of a project that is moved to `in_progress` puts a job into the queue of `harness serve`, where a
/// worker takes it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness ticket add \"Fix the login\" --project shop --start
  harness ticket list --state in_review
  harness ticket show 7
  harness ticket move 7 done
  harness ticket approve 8")]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a ticket.
    Add {
        /// One line.
        #[arg(value_name = "TITLE")]
        title: String,
        /// What is wanted.
        #[arg(long, value_name = "TEXT", conflicts_with = "file")]
        text: Option<String>,
        /// The same from a file; `-` is standard input.
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
        /// The project that it is about.
        #[arg(long, value_name = "NAME")]
        project: Option<String>,
        /// Put a job for it into the queue at once.
        #[arg(long, requires = "project")]
        start: bool,
    },
    /// List tickets.
    List {
        /// Only those in this state.
        #[arg(long, value_name = "STATE", value_parser = state)]
        state: Option<TicketState>,
        /// Only those of this project.
        #[arg(long, value_name = "NAME")]
        project: Option<String>,
    },
    /// Show one ticket.
    Show {
        /// The ticket.
        id: u64,
    },
    /// Move a ticket.
    Move {
        /// The ticket.
        id: u64,
        /// Where to: `backlog`, `awaiting_approval`, `in_progress`, `in_review`, `done`, `cancelled`.
        #[arg(value_parser = state)]
        state: TicketState,
    },
    /// Approve a ticket that waits for it: a job is made.
    Approve {
        /// The ticket.
        id: u64,
    },
    /// Say that a ticket is no longer wanted; its job is called off.
    Cancel {
        /// The ticket.
        id: u64,
    },
}

impl Arguments {
    /// The name of the document.
    pub(super) fn document(&self) -> &'static str {
        if matches!(self.verb, Verb::List { .. }) { "tickets" } else { "ticket" }
    }
}

/// A state, also by the older words of a task.
fn state(word: &str) -> Result<TicketState, String> {
    match word {
        "open" => Ok(TicketState::Backlog),
        "review" => Ok(TicketState::InReview),
        word => serde_json::from_value(json!(word)).map_err(|_| {
            "one of backlog, awaiting_approval, in_progress, in_review, done, cancelled is expected".to_owned()
        }),
    }
}

pub(super) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let context = invocation.context()?;
    let ticket = match &arguments.verb {
        Verb::Add { title, text, file, project, start } => {
            let text = match file {
                Some(path) => read(path)?,
                None => text.clone().unwrap_or_default(),
            };
            let mut body = json!({ "title": title, "text": text });
            if let Some(project) = project {
                body["project"] = json!(project);
            }
            if *start {
                body["state"] = json!(TicketState::InProgress);
            }
            ask(&context, Method::POST, "/api/tickets", Some(&body))?
        }
        Verb::List { state, project } => {
            let word = |name: &str, word: &str| format!("{name}={}&", system::text::percent_encode(word));
            let state = state.map(|state| word("state", state.as_str())).unwrap_or_default();
            let project = project.as_deref().map(|project| word("project", project)).unwrap_or_default();
            let path = format!("/api/tickets?{state}{project}");
            let tickets: Tickets = block_on(serve::ask(&context.home, Method::GET, &path, None))?;
            invocation.output.document(&tickets, table);
            return Ok(ExitCode::SUCCESS);
        }
        Verb::Show { id } => ask(&context, Method::GET, &format!("/api/tickets/{id}"), None)?,
        Verb::Move { id, state } => moved(&context, *id, *state)?,
        Verb::Approve { id } => ask(&context, Method::POST, &format!("/api/approve/{id}"), None)?,
        Verb::Cancel { id } => moved(&context, *id, TicketState::Cancelled)?,
    };
    invocation.output.document(&ticket, text);
    Ok(ExitCode::SUCCESS)
}

fn ask(context: &Context, method: Method, path: &str, body: Option<&Value>) -> Result<Ticket, Failure> {
    block_on(serve::ask(&context.home, method, path, body))
}

fn moved(context: &Context, id: u64, state: TicketState) -> Result<Ticket, Failure> {
    ask(context, Method::PATCH, &format!("/api/tickets/{id}"), Some(&json!({ "state": state })))
}

fn read(path: &std::path::Path) -> Result<String, Failure> {
    let mut text = String::new();
    if path.as_os_str() == "-" {
        std::io::stdin().read_to_string(&mut text).map_err(system::Error::file("read", "stdin"))?;
    } else {
        text = std::fs::read_to_string(path).map_err(system::Error::file("read", path))?;
    }
    Ok(text)
}

fn table(tickets: &Tickets) -> String {
    if tickets.tickets.is_empty() {
        return "no tickets\n".to_owned();
    }
    let mut table = Table::new(&["ticket", "state", "project", "job", "title"]);
    for ticket in &tickets.tickets {
        table.row([
            ticket.id.to_string(),
            ticket.state.to_string(),
            ticket.project.as_ref().map_or_else(String::new, |project| project.name.clone()),
            ticket.job.as_ref().map_or_else(String::new, |job| format!("{} {}", job.id, job.state)),
            harmless(&ticket.title).clone(),
        ]);
    }
    table.render()
}

fn text(ticket: &Ticket) -> String {
    let mut text = format!("ticket {}: {}, {}\n", ticket.id, harmless(&ticket.title), ticket.state);
    for line in ticket.text.lines() {
        let _ = writeln!(text, "  {}", harmless(line));
    }
    if let Some(job) = &ticket.job {
        let _ = writeln!(text, "job {}: {}", job.id, job.state);
        if let Some(reason) = &job.outcome.reason {
            let _ = writeln!(text, "  {}", harmless(reason));
        }
    }
    if let Some(url) = &ticket.pull_request {
        let _ = writeln!(text, "pull request: {}", harmless(url));
    }
    for note in &ticket.notes {
        let _ = writeln!(text, "{}: {}", note.created_at, harmless(&note.text));
    }
    text
}
