//! The last lines that say something: what stands in where no diagnostic is recognised.

use crate::system::text::cut;
use std::collections::VecDeque;

/// How many lines are shown.
const SHOWN: usize = 5;
/// How many are kept to choose them from.
const KEPT: usize = 40;
/// How long each may be.
const WIDTH: usize = 300;

/// The last lines.
#[derive(Debug, Default)]
pub(super) struct Tail {
    lines: VecDeque<String>,
}

impl Tail {
    /// Takes a line.
    pub(super) fn line(&mut self, line: &str) {
        let line = line.trim_end();
        if line.is_empty() {
            return;
        }
        // the oldest line's memory is used again
        let mut kept = if self.lines.len() == KEPT { self.lines.pop_front() } else { None }.unwrap_or_default();
        kept.clear();
        kept.push_str(cut(line, WIDTH));
        self.lines.push_back(kept);
    }

    /// The last lines that say something, joined; `None` when the command itself printed nothing.
    pub(super) fn text(self) -> Option<String> {
        let lines: Vec<String> = self.lines.into();
        let meaningful: Vec<&str> = lines.iter().map(String::as_str).filter(|line| !is_banner(line)).collect();
        let rest: Vec<&str> = lines.iter().map(String::as_str).filter(|line| !says_nothing(line)).collect();
        let chosen = if meaningful.is_empty() { rest } else { meaningful };
        (!chosen.is_empty()).then(|| chosen[chosen.len().saturating_sub(SHOWN)..].join("\n"))
    }
}

/// Whether a line is only what a runner says around a command: that it began, that it failed.
fn is_banner(line: &str) -> bool {
    !line.contains(char::is_alphanumeric)
        || pattern!(
            r"(?x)^\s*(?:
                > \s                                            # npm, pnpm: the script and its command
              | npm\ (?:error|ERR!|warn|WARN|notice)
              | \u{2009}?(?:ELIFECYCLE|WARN|ERR_PNPM_\w+)\b
              | (?:error|info)\ (?:Command\ failed|Visit\ https://yarnpkg)
              | error:\ script\ .+\ exited\ with\ code          # bun
              | Exit\ status\ \d+$
              | /\S+:$                                          # pnpm: the package that failed
              | make(?:\[\d+\])?:\ (?:\*\*\*\ \[|Entering|Leaving)
              | yarn\ run\ v | \$\ \S
              | Node\.js\ v\d
              | (?:Tasks|Cached|Time|Failed):\s
              | ERROR\ \ (?:run\ failed|command)
              | •\ (?:Packages|Running|Remote)
              | Scope:\ .*workspace\ projects
              | (?:NX|Lerna\ \(powered\ by\ Nx\))\s+Running\ target
              | lerna\ (?:notice|info)\ | nx\ run\ \S+$ | Failed\ tasks:$ | -\ \S+:\S+$ | Hint:\ run\ the\ command\ with
              | Done\ in\ [\d.]+
            )"
        )
        .is_match(line)
}

/// Whether a runner's line tells no more than that the command was run and failed, which is known.
fn says_nothing(line: &str) -> bool {
    !line.contains(char::is_alphanumeric)
        || pattern!(
            r"(?x)^\s*(?:
                > \s | \$\ \S | yarn\ run\ v | Done\ in\ | /\S+:$
              | npm\ (?:error|ERR!)\ (?:code\ \d|path\ |location\ |workspace\ |command\ |errno\ \d|Lifecycle\ script|Exit\ status|A\ complete\ log|\ )
              | npm\ (?:warn|WARN|notice)
              | \u{2009}?ELIFECYCLE\b
              | (?:error|info)\ (?:Command\ failed|Visit\ https://yarnpkg)
              | error:\ script\ .+\ exited\ with\ code
              | Exit\ status\ \d+$
              | make(?:\[\d+\])?:\ (?:Entering|Leaving)
            )"
        )
        .is_match(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn banners_give_way_to_what_was_said() {
        let mut tail = Tail::default();
        for line in [
            "> api@1.0.0 check /tree",
            "> sh check.sh",
            "",
            "licence is not known",
            "\u{2009}ELIFECYCLE\u{2009} Command failed with exit code 1.",
        ] {
            tail.line(line);
        }
        assert_eq!(tail.text().unwrap(), "licence is not known");
    }

    #[test]
    fn a_banner_is_better_than_nothing() {
        let mut tail = Tail::default();
        tail.line("npm error code ENOENT");
        assert_eq!(tail.text().unwrap(), "npm error code ENOENT");
        assert_eq!(Tail::default().text(), None);
    }

    #[test]
    fn what_a_runner_says_of_a_silent_command_is_nothing() {
        for output in [
            "\n> app@1.0.0 test\n> exit 1\n",
            "> app@1.0.0 test\n> false\nnpm error Lifecycle script `test` failed with error:\nnpm error code 1\nnpm error path /tree",
            "> app@1.0.0 test /tree\n> false\n\u{2009}ELIFECYCLE\u{2009} Test failed. See above for more details.",
            "yarn run v1.22.22\n$ false\nerror Command failed with exit code 1.\ninfo Visit https://yarnpkg.com/en/docs/cli/run for documentation about this command.",
            "$ false\nerror: script \"test\" exited with code 1",
        ] {
            let mut tail = Tail::default();
            output.lines().for_each(|line| tail.line(line));
            assert_eq!(tail.text(), None, "{output}");
        }
    }
}
