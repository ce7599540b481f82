//! `harness attach`.

use std::process::ExitCode;

use clap::Args;

use super::invocation::{Invocation, block_on};
use crate::agent::{self, AttachOptions, DetachKeys};
use crate::report::Failure;

/// Join a session on this terminal, and exit with its program's exit code.
///
/// Also joins a process with `tty = true`. Ctrl-P Ctrl-Q leaves the session, which goes on.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness attach 3               join agent 3's only session
  harness attach 3 claude        join this one
  harness attach 3 claude --read-only
                                 look on without typing")]
pub(super) struct Arguments {
    /// The agent, then the session: `3`, `3 claude`, or inside a work tree `claude`.
    #[arg(value_name = "[ID] [NAME]", num_args = 0..=2)]
    words: Vec<String>,
    /// Look on: keys are not passed on, and the session keeps its size.
    #[arg(long)]
    read_only: bool,
    /// The keys that leave the session: letters and `ctrl-x`, separated by commas [default: ctrl-p,ctrl-q].
    #[arg(long, value_name = "KEYS")]
    detach_keys: Option<DetachKeys>,
    /// Also for an agent of another project than the one here.
    #[arg(long)]
    force: bool,
}

pub(super) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let context = invocation.context()?;
    let (named, rest) = agent::split_id(&arguments.words);
    let id = agent::resolve(&context, named)?;
    let options = AttachOptions {
        detach: arguments.detach_keys.clone().unwrap_or_default(),
        read_only: arguments.read_only,
        force: arguments.force,
    };
    // what is no id and a name is a name with something before it: there is no session of that name
    let name = (!rest.is_empty()).then(|| rest.join(" "));
    Ok(ExitCode::from(block_on(agent::attach(&context, id, name.as_deref(), &options))?))
}
