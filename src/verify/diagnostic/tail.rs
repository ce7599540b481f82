//! The last lines that say something: what stands in where no diagnostic is recognised.

use std::collections::VecDeque;

/// How many lines are shown.
const SHOWN: usize = 5;
/// How long each may be.
const WIDTH: usize = 300;

/// The last lines, with and without banners.
#[derive(Debug, Default)]
pub(super) struct Tail {
    meaningful: VecDeque<String>,
    any: VecDeque<String>,
}

impl Tail {
    /// Takes a line.
    pub(super) fn line(&mut self, line: &str) {
        let line = line.trim_end();
        if line.is_empty() {
            return;
        }
        keep(&mut self.any, line);
        if !is_banner(line) {
            keep(&mut self.meaningful, line);
        }
    }

    /// The lines, joined; `None` when nothing was printed.
    pub(super) fn text(self) -> Option<String> {
        let lines = if self.meaningful.is_empty() { self.any } else { self.meaningful };
        (!lines.is_empty()).then(|| Vec::from(lines).join("\n"))
    }
}

fn keep(lines: &mut VecDeque<String>, line: &str) {
    if lines.len() == SHOWN {
        lines.pop_front();
    }
    lines.push_back(line[..line.floor_char_boundary(WIDTH)].to_owned());
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
              | make(?:\[\d+\])?:\ (?:\*\*\*|Entering|Leaving)
              | yarn\ run\ v | \$\ \S
              | Node\.js\ v\d
              | (?:Tasks|Cached|Time|Failed):\s
              | ERROR\ \ (?:run\ failed|command)
              | •\ (?:Packages|Running|Remote)
              | Scope:\ .*workspace\ projects
              | Done\ in\ [\d.]+
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
}
