//! The whole command line, routed to its verbs.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use super::session::Session;
use super::{config, control, env, exec, hook, infra, launch, logs, psql, setup, status, teardown, url, verify};
use crate::report::{Failure, Kind};
use crate::terminal::{Output, Verbosity};

/// A complete, running, isolated copy of an application for each of N coding agents.
#[derive(Debug, Parser)]
#[command(name = "harness", version, disable_help_subcommand = false, after_help = AFTER_HELP)]
struct CommandLine {
    /// Act as if started in DIR.
    #[arg(short = 'C', value_name = "DIR", global = true)]
    directory: Option<PathBuf>,
    /// Print one JSON document on stdout.
    #[arg(long, global = true)]
    json: bool,
    /// Print errors only.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Also print what commands print.
    #[arg(short, long, global = true)]
    verbose: bool,
    /// When to use colour.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: Color,
    #[command(subcommand)]
    verb: Verb,
}

const AFTER_HELP: &str = "\
Examples:
  harness launch 3               bring up agent 3
  harness launch --all 3         bring up agents 1 to 3
  harness status                 every agent of this machine
  harness psql 3 'select 1'      ask agent 3's own database
  harness teardown 3             remove agent 3 without a trace

Exit codes:
  0 done   1 the checked thing failed   2 usage   3 configuration   4 environment
  5 conflict or not found   70 a bug of harness   130 interrupted";

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Setup(setup::Arguments),
    Launch(launch::Arguments),
    Teardown(teardown::Arguments),
    Status(status::Arguments),
    Url(url::Arguments),
    Logs(logs::Arguments),
    Psql(psql::Arguments),
    Env(env::Arguments),
    Exec(exec::Arguments),
    Verify(verify::Arguments),
    Hook(hook::Arguments),
    Restart(control::RestartArguments),
    Stop(control::StopArguments),
    Start(control::StartArguments),
    Infra(infra::Arguments),
    Config(config::Arguments),
}

impl Verb {
    fn name(&self) -> &'static str {
        match self {
            Self::Setup(_) => "setup",
            Self::Launch(_) => "launch",
            Self::Teardown(_) => "teardown",
            Self::Status(_) => "status",
            Self::Url(_) => "url",
            Self::Logs(_) => "logs",
            Self::Psql(_) => "psql",
            Self::Env(_) => "env",
            Self::Exec(_) => "exec",
            Self::Verify(_) => "verify",
            Self::Hook(_) => "hook",
            Self::Restart(_) => "restart",
            Self::Stop(_) => "stop",
            Self::Start(_) => "start",
            Self::Infra(_) => "infra",
            Self::Config(_) => "config",
        }
    }

    fn run(&self, session: &Session) -> Result<ExitCode, Failure> {
        match self {
            Self::Setup(arguments) => setup::run(arguments, session),
            Self::Launch(arguments) => launch::run(arguments, session),
            Self::Teardown(arguments) => teardown::run(arguments, session),
            Self::Status(arguments) => status::run(arguments, session),
            Self::Url(arguments) => url::run(arguments, session),
            Self::Logs(arguments) => logs::run(arguments, session),
            Self::Psql(arguments) => psql::run(arguments, session),
            Self::Env(arguments) => env::run(arguments, session),
            Self::Exec(arguments) => exec::run(arguments, session),
            Self::Verify(arguments) => verify::run(arguments, session),
            Self::Hook(arguments) => hook::run(arguments, session),
            Self::Restart(arguments) => control::restart(arguments, session),
            Self::Stop(arguments) => control::stop(arguments, session),
            Self::Start(arguments) => control::start(arguments, session),
            Self::Infra(arguments) => infra::run(arguments, session),
            Self::Config(arguments) => config::run(arguments, session),
        }
    }

    /// The exit code of harness's own failure: verbs that pass a child's code through keep 125 for it.
    fn failure_code(&self) -> Option<u8> {
        matches!(self, Self::Exec(_) | Self::Psql(_)).then_some(125)
    }
}

/// The parser, for help, completions and man pages.
pub fn parser() -> clap::Command {
    CommandLine::command()
}

/// Runs the command line `arguments` (with the program's name first); returns the exit code.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let line = match CommandLine::try_parse_from(&arguments) {
        Ok(line) => line,
        Err(error) => {
            let _ = error.print();
            if error.use_stderr() && arguments.iter().any(|argument| argument == "verify") {
                // its reader waits for a document, whatever is wrong
                verify::misused(&error);
            }
            return ExitCode::from(if error.use_stderr() { Kind::Usage.exit_code() } else { 0 });
        }
    };
    match line.color {
        Color::Auto => {}
        Color::Always => anstream::ColorChoice::Always.write_global(),
        Color::Never => anstream::ColorChoice::Never.write_global(),
    }
    let verbosity = match (line.quiet, line.verbose) {
        (true, _) => Verbosity::Quiet,
        (_, true) => Verbosity::Verbose,
        _ => Verbosity::Normal,
    };
    let output = Output { json: line.json, verbosity };
    let session = Session::new(output, line.directory);
    let (name, own_code) = (line.verb.name(), line.verb.failure_code());
    line.verb.run(&session).unwrap_or_else(|failure| {
        output.failure(name, &failure);
        let code = failure.kind().exit_code();
        ExitCode::from(if failure.kind() == Kind::Interrupted { code } else { own_code.unwrap_or(code) })
    })
}
