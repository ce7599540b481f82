//! The whole command line, routed to its verbs.

use std::ffi::OsString;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Command, CommandFactory, FromArgMatches, Parser, Subcommand};

use super::session::Session;
use super::{
    completions, config, control, db, doctor, env, examples, exec, gc, health, hook, infra, launch, logs, man, open,
    ports, psql, setup, shell, slow_queries, stats, status, teardown, url, verify, wait,
};
use crate::report::{Diagnostic, ErrorDocument, Failure, Kind};
use crate::terminal::{Output, Verbosity};

/// A complete, running, isolated copy of an application for each of N coding agents.
#[derive(Debug, Parser)]
#[command(name = "harness", version, disable_help_subcommand = false, after_help = AFTER_HELP)]
struct CommandLine {
    /// Act as if started in DIR.
    #[arg(short = 'C', value_name = "DIR", global = true, help_heading = GLOBAL)]
    directory: Option<PathBuf>,
    /// Print one JSON document on stdout.
    #[arg(long, global = true, help_heading = GLOBAL)]
    json: bool,
    /// Print errors only.
    #[arg(short, long, global = true, help_heading = GLOBAL, conflicts_with = "verbose")]
    quiet: bool,
    /// Also print what commands print.
    #[arg(short, long, global = true, help_heading = GLOBAL)]
    verbose: bool,
    /// When to use colour.
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "WHEN", default_value = "auto")]
    color: Color,
    #[command(subcommand)]
    verb: Verb,
}

/// Where the options of every verb stand in its help.
const GLOBAL: &str = "Options of every command";

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

/// One line a verb: its arguments, its name in documents, the function that runs it.
macro_rules! verbs {
    ($($verb:ident($arguments:ty) $name:literal $run:path,)*) => {
        #[derive(Debug, Subcommand)]
        enum Verb {
            $($verb($arguments),)*
        }

        impl Verb {
            fn name(&self) -> &'static str {
                match self {
                    $(Self::$verb(_) => $name,)*
                }
            }

            fn run(&self, session: &Session) -> Result<ExitCode, Failure> {
                match self {
                    $(Self::$verb(arguments) => $run(arguments, session),)*
                }
            }
        }
    };
}

verbs! {
    Setup(setup::Arguments) "setup" setup::run,
    Launch(launch::Arguments) "launch" launch::run,
    Teardown(teardown::Arguments) "teardown" teardown::run,
    Status(status::Arguments) "status" status::run,
    Url(url::Arguments) "url" url::run,
    Open(open::Arguments) "open" open::run,
    Health(health::Arguments) "health" health::run,
    Ports(ports::Arguments) "ports" ports::run,
    Stats(stats::Arguments) "stats" stats::run,
    Wait(wait::Arguments) "wait" wait::run,
    Logs(logs::Arguments) "logs" logs::run,
    Psql(psql::Arguments) "psql" psql::run,
    SlowQueries(slow_queries::Arguments) "slow-queries" slow_queries::run,
    Db(db::Arguments) "db" db::run,
    Env(env::Arguments) "env" env::run,
    Exec(exec::Arguments) "exec" exec::run,
    Shell(shell::Arguments) "shell" shell::run,
    Verify(verify::Arguments) "verify" verify::run,
    Hook(hook::Arguments) "hook" hook::run,
    Restart(control::RestartArguments) "restart" control::restart,
    Stop(control::StopArguments) "stop" control::stop,
    Start(control::StartArguments) "start" control::start,
    Infra(infra::Arguments) "infra" infra::run,
    Config(config::Arguments) "config" config::run,
    Doctor(doctor::Arguments) "doctor" doctor::run,
    Gc(gc::Arguments) "gc" gc::run,
    Completions(completions::Arguments) "completions" completions::run,
    Man(man::Arguments) "man" man::run,
}

impl Verb {
    /// The exit code of harness's own failure: verbs that pass a child's code through keep 125 for it.
    fn failure_code(&self) -> Option<u8> {
        matches!(self, Self::Exec(_) | Self::Shell(_) | Self::Psql(_)).then_some(125)
    }
}

/// The parser, for help, completions and man pages.
pub fn parser() -> clap::Command {
    let parser = examples::add(CommandLine::command());
    ALIASES.iter().fold(parser, |parser, (verb, alias)| parser.mut_subcommand(*verb, |command| command.alias(*alias)))
}

/// Verbs, and what fingers that know docker compose type for them.
const ALIASES: [(&str, &str); 3] = [("launch", "up"), ("teardown", "down"), ("status", "ps")];

/// Who reads JSON waits for a document, also of a command line that is wrong; of `verify` always.
fn misused(arguments: &[OsString], error: &clap::Error) {
    let own: Vec<&OsString> = arguments.iter().skip(1).take_while(|argument| *argument != "--").collect();
    let parser = parser();
    let verb = own.iter().find_map(|argument| parser.find_subcommand(argument)).map_or("harness", Command::get_name);
    let text = error.to_string();
    let message = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
    let hint = Some(format!("run `harness {verb} --help`").replace("harness harness", "harness"));
    let error = ErrorDocument { code: "usage".to_owned(), message, causes: Vec::new(), hint, details: Vec::new() };
    if verb == "verify" {
        verify::misused(error);
    } else if own.iter().any(|argument| *argument == "--json") {
        // no verb, no document of its own
        let name = if verb == "harness" { "usage" } else { verb };
        let document = serde_json::json!({ "schema": format!("harness/{name}/1"), "error": error });
        Output { json: true, verbosity: Verbosity::Quiet }.document(&document, |_| String::new());
    }
}

/// Where and why is on stderr already.
#[derive(Debug, thiserror::Error)]
#[error("harness has a bug")]
struct Panicked;

impl Diagnostic for Panicked {
    fn kind(&self) -> Kind {
        Kind::Bug
    }

    fn code(&self) -> &'static str {
        "bug"
    }

    fn hint(&self) -> Option<String> {
        Some("please report the message above; nothing is lost: the command can be given again".to_owned())
    }
}

/// Runs the command line `arguments` (with the program's name first); returns the exit code.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if completions::answer(parser) {
        return ExitCode::SUCCESS;
    }
    let matches = parser().try_get_matches_from(&arguments);
    let line = match matches.and_then(|matches| CommandLine::from_arg_matches(&matches)) {
        Ok(line) => line,
        Err(error) => {
            let _ = error.print();
            if !error.use_stderr() {
                return ExitCode::SUCCESS;
            }
            misused(&arguments, &error);
            return ExitCode::from(Kind::Usage.exit_code());
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
    let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| line.verb.run(&session)));
    outcome.unwrap_or_else(|_| Err(Panicked.into())).unwrap_or_else(|failure| {
        output.failure(name, &failure);
        let code = failure.kind().exit_code();
        // a query that the server refuses is psql's exit status 1, not a failure of harness
        let passed = matches!(failure.kind(), Kind::Interrupted | Kind::CheckFailed);
        ExitCode::from(if passed { code } else { own_code.unwrap_or(code) })
    })
}
