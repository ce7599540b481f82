//! The examples that `harness help <verb>` shows. A test parses every line.

use clap::Command;

/// Verb, and its examples.
const EXAMPLES: &[(&str, &str)] = &[
    ("setup", "  harness setup                  start the shared servers, build the template"),
    (
        "launch",
        "  harness launch 3               start agent 3, or continue or repair it
  harness launch --all 3         start agents 1 to 3
  harness launch 3 --branch fix  in its own work tree, on branch `fix`
  harness launch 3 --reset-db    with a fresh clone of the template",
    ),
    (
        "teardown",
        "  harness teardown 3 --dry-run   list what would be removed
  harness teardown 3             remove agent 3
  harness teardown --all         remove every agent of this project
  harness teardown --infra       also stop the shared servers",
    ),
    (
        "status",
        "  harness status                 show every agent of this machine
  harness status 3 --json        show agent 3 and its processes, as JSON",
    ),
    (
        "url",
        "  harness url 3                  print every URL of agent 3
  harness url 3 api              print one of them",
    ),
    ("open", "  harness open 3 frontend        open it in the browser"),
    ("health", "  harness health 3               request every readiness URL"),
    ("ports", "  harness ports                  show every port of every agent"),
    ("stats", "  harness stats 3 --watch        refresh until Ctrl-C"),
    (
        "wait",
        "  harness wait 3 api             wait until `api` is ready
  harness wait 3 job --for exit --timeout 5m --json",
    ),
    (
        "logs",
        "  harness logs 3                 print the last lines of all processes
  harness logs 3 api -f          follow one process
  harness logs 3 --since 5m --grep error
  harness logs --infra db        print the log of a shared server",
    ),
    ("slow-queries", "  harness slow-queries 3 -n 5    show five statements"),
    (
        "env",
        "  harness env 3                  print KEY=value lines
  harness env 3 --export         print lines for `eval` in a shell",
    ),
    (
        "exec",
        "  harness exec 3 -- npm test     in its tree, with its environment
  harness exec 3 --in db -- pg_dump --version",
    ),
    ("shell", "  harness shell 3                in its tree, with its environment"),
    (
        "hook",
        "  harness hook install           commit only what has passed `harness verify --full`
  harness hook remove            commit without that check",
    ),
    (
        "restart",
        "  harness restart 3              restart every process of agent 3
  harness restart 3 api          restart one of them",
    ),
    ("stop", "  harness stop 3 worker          stop it until `harness start 3 worker`"),
    ("start", "  harness start 3 worker         start it again"),
    ("infra", "  harness infra ps               show the shared servers"),
    (
        "config",
        "  harness config check           check harness.toml
  harness config show            print the resolved configuration
  harness config schema          print the JSON Schema, for an editor",
    ),
    (
        "doctor",
        "  harness doctor                 check this machine
  harness doctor --json          print the findings as JSON",
    ),
    (
        "gc",
        "  harness gc --dry-run           list the leftovers
  harness gc                     remove them",
    ),
    (
        "completions",
        "  harness completions bash > ~/.local/share/bash-completion/completions/harness
  harness completions zsh > ~/.zfunc/_harness
  harness completions fish > ~/.config/fish/completions/harness.fish",
    ),
    (
        "man",
        "  harness man | man -l -         show the page of harness itself
  harness man ~/.local/share/man/man1",
    ),
];

/// Appends the examples to the help of each verb that has no `after_help`.
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
