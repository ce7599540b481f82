//! The whole command line, routed to its verbs.

use std::ffi::OsString;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Command, CommandFactory, FromArgMatches, Parser};

use super::invocation::Invocation;
use super::{Verb, completions, verify};
use crate::report::{Diagnostic, ErrorDocument, Kind};
use crate::terminal::{Output, Verbosity};

/// Give each coding agent its own complete, running, isolated copy of an application.
#[derive(Debug, Parser)]
#[command(name = "harness", version, disable_help_subcommand = false, after_help = AFTER_HELP)]
struct CommandLine {
    /// Run as if started in DIR.
    #[arg(short = 'C', value_name = "DIR", global = true, help_heading = GLOBAL)]
    directory: Option<PathBuf>,
    /// Print one JSON document on stdout.
    #[arg(long, global = true, help_heading = GLOBAL)]
    json: bool,
    /// Print errors only.
    #[arg(short, long, global = true, help_heading = GLOBAL, conflicts_with = "verbose")]
    quiet: bool,
    /// Also print the output of commands.
    #[arg(short, long, global = true, help_heading = GLOBAL)]
    verbose: bool,
    /// When to use colour.
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "WHEN", default_value = "auto")]
    color: Color,
    #[command(subcommand)]
    verb: Verb,
}

/// Heading of the options that every verb has.
const GLOBAL: &str = "Global options";

const AFTER_HELP: &str = "\
Examples:
  harness launch 3               start agent 3
  harness launch --all 3         start agents 1 to 3
  harness status                 show every agent of this machine
  harness psql 3 'select 1'      query agent 3's database
  harness teardown 3             remove agent 3

Exit codes:
  0 success   1 the check failed   2 usage   3 configuration   4 environment
  5 conflict or not found   70 bug in harness   130 interrupted";

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

impl Verb {
    /// The document of a failure: that of the verb below it, where it has some.
    fn document(&self) -> String {
        match self {
            Self::Config(arguments) => format!("config-{}", arguments.verb_name()),
            Self::Db(arguments) => arguments.document().to_owned(),
            Self::Template(arguments) => format!("template-{}", arguments.verb_name()),
            Self::Infra(arguments) => format!("infra-{}", arguments.verb_name()),
            Self::Serve(arguments) => arguments.document().to_owned(),
            Self::Project(arguments) => arguments.document().to_owned(),
            Self::Ticket(arguments) => arguments.document().to_owned(),
            Self::Job(arguments) => arguments.document().to_owned(),
            Self::Verify(arguments) => arguments.document().to_owned(),
            verb => verb.name().to_owned(),
        }
    }

    /// The exit code of harness's own failure: verbs that pass a child's code through keep 125 for it.
    fn failure_code(&self) -> Option<u8> {
        matches!(self, Self::Exec(_) | Self::Shell(_) | Self::Psql(_) | Self::Attach(_)).then_some(125)
    }
}

/// The parser, for help, completions and man pages.
pub fn parser() -> clap::Command {
    let parser = CommandLine::command();
    ALIASES.iter().fold(parser, |parser, (verb, alias)| parser.mut_subcommand(*verb, |command| command.alias(*alias)))
}

/// Verbs, and their names in docker compose.
const ALIASES: [(&str, &str); 3] = [("launch", "up"), ("teardown", "down"), ("status", "ps")];

/// A program that reads JSON gets a document for a wrong command line too; from `verify` always.
fn misused(arguments: &[OsString], error: &clap::Error) {
    let own: Vec<&OsString> = arguments.iter().skip(1).take_while(|argument| *argument != "--").collect();
    let parser = parser();
    let verb = own.iter().find_map(|argument| parser.find_subcommand(argument));
    let below = verb.and_then(|verb| own.iter().find_map(|argument| verb.find_subcommand(argument)));
    let verb = verb.map_or("harness", Command::get_name);
    let text = error.to_string();
    let message = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
    let hint = Some(format!("run `harness {verb} --help`").replace("harness harness", "harness"));
    let error = ErrorDocument { code: "usage".to_owned(), message, causes: Vec::new(), hint, details: Vec::new() };
    if verb == "verify" {
        verify::misused(error);
    } else if own.iter().any(|argument| *argument == "--json") {
        // no verb, no document of its own
        let name = match (verb, below) {
            ("harness", _) => "usage".to_owned(),
            ("config" | "infra" | "template", Some(below)) => format!("{verb}-{}", below.get_name()),
            ("db", Some(below)) if ["diff", "dump", "load"].contains(&below.get_name()) => {
                format!("db-{}", below.get_name())
            }
            ("job", _) => "queue-job".to_owned(),
            _ => verb.to_owned(),
        };
        let document = serde_json::json!({ "schema": format!("harness/{name}/1"), "error": error });
        Output { json: true, verbosity: Verbosity::Quiet }.document(&document, |_| String::new());
    }
}

/// The panic hook has printed place and reason on stderr.
#[derive(Debug, thiserror::Error)]
#[error("harness panicked: this is a bug")]
struct Panicked;

impl Diagnostic for Panicked {
    fn kind(&self) -> Kind {
        Kind::Bug
    }

    fn code(&self) -> &'static str {
        "bug"
    }

    fn hint(&self) -> Option<String> {
        Some("report the message above; it is safe to run the command again".to_owned())
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
    let invocation = Invocation::new(output, line.directory, parser);
    let (name, own_code) = (line.verb.document(), line.verb.failure_code());
    let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| line.verb.run(&invocation)));
    outcome.unwrap_or_else(|_| Err(Panicked.into())).unwrap_or_else(|failure| {
        output.failure(&name, &failure);
        let code = failure.kind().exit_code();
        // a query that the server rejects ends with 1, as in psql; it is not a failure of harness
        let passed = matches!(failure.kind(), Kind::Interrupted | Kind::CheckFailed);
        ExitCode::from(if passed { code } else { own_code.unwrap_or(code) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An argument with the id of an option of every verb would be read as that option, and the option be lost.
    #[test]
    fn no_argument_of_a_verb_is_taken_for_an_option_of_every_verb() {
        fn check(command: &clap::Command, above: &[String]) {
            let own: Vec<&clap::Arg> = command.get_arguments().collect();
            for argument in &own {
                let id = argument.get_id().to_string();
                assert!(!above.contains(&id), "`{id}` of `{}`", command.get_name());
            }
            let globals = own.iter().filter(|argument| argument.is_global_set()).map(|it| it.get_id().to_string());
            let above: Vec<String> = above.iter().cloned().chain(globals).collect();
            for verb in command.get_subcommands() {
                check(verb, &above);
            }
        }
        check(&parser(), &[]);
    }
}
