//! `harness completions`, and the completion itself.
//!
//! The script asks harness at each TAB, so that agents, processes, ports and stages are current, and a newer
//! harness needs no newer script.

use std::ffi::OsStr;
use std::process::ExitCode;

use clap::{Arg, Args, Command, ValueEnum};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use clap_complete::env::{CompleteEnv, Shells};

use super::invocation::Invocation;
use crate::agent::{self, Context};
use crate::project::Project;
use crate::report::{CompletionScript, Events, Failure};
use crate::system::{self, Home};

/// The variable by which the shell asks.
const VARIABLE: &str = "HARNESS_COMPLETE";

/// Print a shell script that completes verbs, options, agents, processes, ports and stages.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness completions bash > ~/.local/share/bash-completion/completions/harness
  harness completions zsh > ~/.zfunc/_harness
  harness completions fish > ~/.config/fish/completions/harness.fish")]
pub(super) struct Arguments {
    /// The shell.
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

pub(super) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let name = match arguments.shell {
        Shell::Bash => "bash",
        Shell::Zsh => "zsh",
        Shell::Fish => "fish",
    };
    let shells = Shells::builtins();
    let shell = shells.completer(name).expect("the library knows this shell");
    let mut script = Vec::new();
    shell
        .write_registration(VARIABLE, "harness", "harness", "harness", &mut script)
        .map_err(system::Error::call("write the completion script"))?;
    let document = CompletionScript {
        schema: "harness/completions/1".to_owned(),
        shell: name.to_owned(),
        script: String::from_utf8_lossy(&script).into_owned(),
    };
    invocation.output.document(&document, |document| document.script.clone());
    Ok(ExitCode::SUCCESS)
}

/// Answers a shell that asks, and says whether one did.
pub(super) fn answer(parser: fn() -> Command) -> bool {
    let ask = CompleteEnv::with_factory(|| with_names(parser())).var(VARIABLE);
    let directory = std::env::current_dir().ok();
    // a shell in the middle of a line has no place for an error
    ask.try_complete(std::env::args_os(), directory.as_deref()).unwrap_or(true)
}

/// The parser, with what completes each argument.
fn with_names(parser: Command) -> Command {
    let verbs: Vec<String> = parser.get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
    verbs.into_iter().fold(parser, |parser, verb| {
        parser.mut_subcommand(verb.as_str(), |command| with_names(command.mut_args(|argument| named(&verb, argument))))
    })
}

fn named(verb: &str, argument: Arg) -> Arg {
    let candidates: fn(&Surroundings) -> Vec<CompletionCandidate> = match (verb, argument.get_id().as_str()) {
        (_, "id" | "ids") => ids,
        ("url" | "open", "words") => |around| both(around, ports),
        ("logs" | "restart" | "stop" | "start" | "wait", "words") => |around| both(around, processes),
        (_, "words") => |around| if around.agent.is_none() { ids(around) } else { Vec::new() },
        ("launch", "with") => processes,
        ("verify", "stage") => stages,
        _ => return argument,
    };
    argument.add(ArgValueCompleter::new(move |current: &OsStr| {
        let around = Surroundings::now();
        let mut found = around.map(|around| candidates(&around)).unwrap_or_default();
        let current = current.to_string_lossy();
        found.retain(|candidate| candidate.get_value().to_string_lossy().starts_with(&*current));
        found
    }))
}

/// Where the shell asks from.
struct Surroundings {
    context: Context,
    /// The agent that the line names already.
    agent: Option<crate::project::AgentId>,
}

impl Surroundings {
    fn now() -> Option<Self> {
        let environment: std::collections::BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let place = Home::locate(|name| environment.get(name).cloned()).ok()?;
        // a question makes no home
        let home = if place.exists() { Home::open(&place).ok()? } else { return None };
        let words: Vec<String> = std::env::args().skip_while(|word| word != "--").skip(2).collect();
        // the last word is the one being typed
        let before = words.split_last().map_or(&[][..], |(_, before)| before);
        let agent = before.iter().find_map(|word| word.parse().ok());
        let given = before.iter().position(|word| word == "-C").and_then(|at| before.get(at + 1));
        let directory = given.map_or_else(std::env::current_dir, std::fs::canonicalize).ok()?;
        Some(Self { context: Context { home, environment, directory, events: Events::silent() }, agent })
    }

    fn project(&self) -> Option<Project> {
        agent::known_project(&self.context, self.agent)
    }
}

fn ids(around: &Surroundings) -> Vec<CompletionCandidate> {
    let known = agent::known_agents(&around.context).into_iter();
    known.map(|known| CompletionCandidate::new(known.agent.to_string()).help(Some(known.project.into()))).collect()
}

fn both(around: &Surroundings, names: fn(&Surroundings) -> Vec<CompletionCandidate>) -> Vec<CompletionCandidate> {
    let mut found = if around.agent.is_none() { ids(around) } else { Vec::new() };
    found.extend(names(around));
    found
}

fn candidates(names: impl Iterator<Item = String>) -> Vec<CompletionCandidate> {
    names.map(CompletionCandidate::new).collect()
}

fn processes(around: &Surroundings) -> Vec<CompletionCandidate> {
    around.project().map(|project| candidates(project.processes.into_iter().map(|(name, _)| name))).unwrap_or_default()
}

fn ports(around: &Surroundings) -> Vec<CompletionCandidate> {
    around.project().map(|project| candidates(project.ports.into_iter().map(|(name, _)| name))).unwrap_or_default()
}

fn stages(around: &Surroundings) -> Vec<CompletionCandidate> {
    around.project().map(|project| candidates(project.verify.into_iter().map(|stage| stage.name))).unwrap_or_default()
}
