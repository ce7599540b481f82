//! `harness session`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::invocation::{Invocation, block_on};
use crate::agent::{self, SessionRequest};
use crate::project::AgentId;
use crate::report::{Failure, SessionVerb, Sessions};
use crate::system;
use crate::terminal::Table;

/// Run programs on a terminal inside an agent's stack, to be joined with `harness attach`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness session start 3 -- claude          start `claude` in agent 3's tree, with its environment
  harness session start 3 --name db -- psql
  harness session list 3
  harness session stop 3 claude              end it with all that it started")]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Start a program; it lives until it ends, is stopped, or the stack is torn down.
    Start {
        /// The agent.
        #[arg(value_name = "ID")]
        id: Option<AgentId>,
        /// Name of the session [default: the program's].
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// Directory to start it in, relative to the agent's tree [default: the tree].
        #[arg(long, value_name = "DIR")]
        cwd: Option<PathBuf>,
        /// Also for an agent of another project than the one here.
        #[arg(long)]
        force: bool,
        /// The program and its arguments.
        #[arg(last = true, required = true, value_name = "COMMAND")]
        command: Vec<String>,
    },
    /// List the sessions, also those whose program has ended.
    List {
        /// The agent.
        #[arg(value_name = "ID")]
        id: Option<AgentId>,
    },
    /// End a session and remove it from the list.
    Stop {
        /// The agent, and the session.
        #[arg(value_name = "[ID] NAME", num_args = 1..=2, required = true)]
        words: Vec<String>,
        /// Also for an agent of another project than the one here.
        #[arg(long)]
        force: bool,
    },
}

pub(super) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let context = invocation.context()?;
    let sessions = match &arguments.verb {
        Verb::Start { id, name, cwd, force, command } => {
            let size = system::terminal_size();
            let request = SessionRequest {
                name: name.clone(),
                directory: cwd.clone(),
                command: command.clone(),
                size,
                force: *force,
                ..SessionRequest::default()
            };
            block_on(agent::start_session(&context, agent::resolve(&context, *id)?, &request))?
        }
        Verb::List { id } => block_on(agent::sessions(&context, agent::resolve(&context, *id)?))?,
        Verb::Stop { words, force } => {
            let (named, rest) = agent::split_id(words);
            // an id alone is the name of a session
            let (named, name) = if rest.is_empty() { (None, words.join(" ")) } else { (named, rest.join(" ")) };
            block_on(agent::end_session(&context, agent::resolve(&context, named)?, &name, *force))?
        }
    };
    invocation.output.document(&sessions, text);
    Ok(ExitCode::SUCCESS)
}

fn text(sessions: &Sessions) -> String {
    let name = sessions.name.as_deref().unwrap_or_default();
    match sessions.action {
        SessionVerb::Start => {
            return format!("{name} runs; join it with `harness attach {} {name}`\n", sessions.agent);
        }
        SessionVerb::Stop => return format!("{name} has ended\n"),
        SessionVerb::List if sessions.sessions.is_empty() => return "no sessions\n".to_owned(),
        SessionVerb::List => {}
    }
    let mut table = Table::new(&["session", "state", "pid", "command", "reason"]);
    for row in &sessions.sessions {
        table.row([
            row.name.clone(),
            row.state.to_string(),
            row.pid.map_or_else(String::new, |pid| pid.to_string()),
            shell_words::join(&row.command),
            row.reason.clone().unwrap_or_default(),
        ]);
    }
    table.render()
}
