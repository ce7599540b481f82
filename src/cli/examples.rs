//! What `harness help <verb>` shows of each verb in use. A test parses every line.

use clap::Command;

/// Verb, and its examples.
const EXAMPLES: &[(&str, &str)] = &[
    ("setup", "  harness setup                  bring the shared servers up, build the template"),
    (
        "launch",
        "  harness launch 3               bring agent 3 up; again: continue or repair
  harness launch --all 3         agents 1 to 3 at once
  harness launch 3 --branch fix  in a work tree of its own, on branch `fix`
  harness launch 3 --reset-db    with a fresh clone of the template",
    ),
    (
        "teardown",
        "  harness teardown 3 --dry-run   what would go
  harness teardown 3             remove agent 3
  harness teardown --all         every agent of this project
  harness teardown --infra       also stop the shared servers",
    ),
    (
        "status",
        "  harness status                 every agent of this machine
  harness status 3 --json        agent 3, process by process, for a program",
    ),
    (
        "url",
        "  harness url 3                  every address of agent 3
  harness url 3 api              one of them",
    ),
    ("open", "  harness open 3 frontend        in your browser"),
    ("health", "  harness health 3               ask every readiness URL; exit code 0 or 1"),
    ("ports", "  harness ports                  every port of every agent"),
    ("stats", "  harness stats 3 --watch        CPU, memory, threads, files, until Ctrl-C"),
    (
        "wait",
        "  harness wait 3 api             until it is ready, or cannot be
  harness wait 3 job --for exit --timeout 5m --json",
    ),
    (
        "logs",
        "  harness logs 3                 the last lines of all processes, by time
  harness logs 3 api -f          one process, as it goes on
  harness logs 3 --since 5m --grep error
  harness logs --infra db        a shared server",
    ),
    ("slow-queries", "  harness slow-queries 3 -n 5    what took longest in agent 3's database"),
    (
        "env",
        "  harness env 3                  as KEY=value
  harness env 3 --export         for `eval` in a shell",
    ),
    (
        "exec",
        "  harness exec 3 -- npm test     in its tree, with its environment
  harness exec 3 --in db -- pg_dump --version",
    ),
    ("shell", "  harness shell 3                a shell in its tree, with its environment"),
    (
        "hook",
        "  harness hook install           only a tree that `verify --full` has passed is committed
  harness hook remove",
    ),
    (
        "restart",
        "  harness restart 3              every process of agent 3
  harness restart 3 api          one of them",
    ),
    ("stop", "  harness stop 3 worker          until it is started again"),
    ("start", "  harness start 3 worker"),
    ("infra", "  harness infra ps               the shared servers"),
    (
        "config",
        "  harness config check           is harness.toml right?
  harness config show            what it comes to
  harness config schema          its JSON Schema, for an editor",
    ),
    (
        "doctor",
        "  harness doctor                 what is installed, what is wrong, what to do about it
  harness doctor --json          for a program; exit code 1 where something is wrong",
    ),
    (
        "gc",
        "  harness gc --dry-run           what crashed or deleted stacks have left
  harness gc                     remove it",
    ),
    (
        "completions",
        "  harness completions bash > ~/.local/share/bash-completion/completions/harness
  harness completions zsh > ~/.zfunc/_harness
  harness completions fish > ~/.config/fish/completions/harness.fish",
    ),
    (
        "man",
        "  harness man | man -l -         the page of harness itself
  harness man ~/.local/share/man/man1",
    ),
];

/// Puts the examples below the help of each verb that has none of its own.
pub(super) fn add(parser: Command) -> Command {
    EXAMPLES.iter().fold(parser, |parser, (verb, examples)| {
        if parser.find_subcommand(verb).is_none_or(|command| command.get_after_help().is_some()) {
            return parser;
        }
        parser.mut_subcommand(*verb, |command| command.after_help(format!("Examples:\n{examples}")))
    })
}

#[cfg(test)]
mod tests {
    use super::EXAMPLES;

    /// The command of an example: up to two spaces, a redirection or a pipe.
    fn words(line: &str) -> Vec<String> {
        let line = line.trim_start();
        let end = ["  ", " > ", " | "].iter().filter_map(|end| line.find(end)).min().unwrap_or(line.len());
        shell_words::split(&line[..end]).unwrap()
    }

    #[test]
    fn every_example_is_a_command_line() {
        for (verb, examples) in EXAMPLES {
            for line in examples.lines() {
                let words = words(line);
                let parsed = crate::cli::parser().try_get_matches_from(&words);
                let matches = parsed.unwrap_or_else(|error| panic!("{line}\n{error}"));
                assert_eq!(matches.subcommand_name(), Some(*verb), "{line}");
            }
        }
    }

    #[test]
    fn every_verb_has_examples() {
        for verb in crate::cli::parser().get_subcommands() {
            let shown = verb.get_after_help().is_some_and(|help| help.to_string().starts_with("Examples:"));
            assert!(shown, "`{}` shows no examples", verb.get_name());
        }
    }
}
