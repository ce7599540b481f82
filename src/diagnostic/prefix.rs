//! What task runners put before each line when they run several packages at once.
//!
//! Each prefix is a stream of its own: two packages' lines are interleaved, and a diagnostic of several
//! lines must be read within one of them. A prefix is only believed when the runner has announced
//! itself, since `word: text` is also what ordinary messages look like.

/// A line without its runner's prefix.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Prefixed<'a> {
    /// The prefix; empty without one.
    pub(super) key: &'a str,
    /// The directory or package that the prefix names.
    pub(super) package: Option<&'a str>,
    /// The rest of the line.
    pub(super) text: &'a str,
}

/// Which runner has announced itself.
#[derive(Debug, Default)]
pub(super) struct Prefixes {
    pnpm: bool,
    turbo: bool,
    /// nx, and lerna on top of it: the projects that it has named.
    nx: Option<Vec<String>>,
}

/// Words in brackets that are no prefix.
const LEVELS: [&str; 12] =
    ["warn", "warning", "error", "info", "debug", "trace", "notice", "fatal", "success", "vite", "tsup", "log"];

impl Prefixes {
    /// Takes the prefix off.
    pub(super) fn split<'a>(&mut self, line: &'a str) -> Prefixed<'a> {
        if line.starts_with('[')
            && let Some(found) = pattern!(r"^\[((?:@[\w.-]+/)?[\w.:-]+)\]:? (.*)$").captures(line)
        {
            let (name, text) =
                (found.get(1).map_or("", |name| name.as_str()), found.get(2).map_or("", |text| text.as_str()));
            if !LEVELS.contains(&name.to_ascii_lowercase().as_str()) {
                return Prefixed { key: name, package: Some(name), text };
            }
        }
        self.pnpm |=
            line.starts_with("Scope: ") && pattern!(r"^Scope: (all )?\d+ (of \d+ )?workspace projects").is_match(line);
        self.turbo |= line.trim_start().starts_with("• Packages in scope:");
        if let Some(prefixed) = self.nx(line) {
            return prefixed;
        }
        let runner = match (self.pnpm, self.turbo) {
            (_, true) => pattern!(r"^((@?[\w./-]+):[A-Za-z][\w.:-]*?): (.*)$"),
            (true, _) => pattern!(r"^(([\w@./-]+) [\w:.-]+)(?:: |\$ )(.*)$"),
            _ => return Prefixed { key: "", package: None, text: line },
        };
        match runner.captures(line) {
            Some(found) => {
                let group = |number| found.get(number).map_or("", |group| group.as_str());
                Prefixed { key: group(1), package: Some(group(2)), text: group(3) }
            }
            None => Prefixed { key: "", package: None, text: line },
        }
    }

    /// nx lists its projects first: only these are prefixes.
    fn nx<'a>(&mut self, line: &'a str) -> Option<Prefixed<'a>> {
        if line.contains("Running target ") && pattern!(r"^\s*(?:NX|Lerna .*?)\s+Running target .*:$").is_match(line) {
            self.nx = Some(Vec::new());
        }
        let projects = self.nx.as_mut()?;
        if let Some(name) = line.strip_prefix("- ") {
            projects.push(name.trim().to_owned());
        }
        let (name, text) = line.split_once(": ").or_else(|| Some((line.strip_suffix(':')?, "")))?;
        projects.iter().any(|known| known == name).then_some(Prefixed { key: name, package: Some(name), text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(lines: &[&'static str]) -> Vec<(&'static str, &'static str)> {
        let mut prefixes = Prefixes::default();
        lines.iter().map(|line| prefixes.split(line)).map(|prefixed| (prefixed.key, prefixed.text)).collect()
    }

    #[test]
    fn a_prefix_counts_once_its_runner_is_known() {
        let line = "packages/api typecheck: src/a.ts(2,3): error TS1: no";
        assert_eq!(keys(&[line]), [("", line)]);
        assert_eq!(
            keys(&["Scope: 2 of 3 workspace projects", line])[1],
            ("packages/api typecheck", "src/a.ts(2,3): error TS1: no")
        );
        assert_eq!(
            keys(&["", " NX   Running target lint for 2 projects:", "- api", "", "api: src/a.ts:2:3: no", "web: x"])
                [4..],
            [("api", "src/a.ts:2:3: no"), ("", "web: x")]
        );
        assert_eq!(
            keys(&["   • Packages in scope: api", "@acme/api:type:check: src/a.ts:2:3: no"])[1],
            ("@acme/api:type:check", "src/a.ts:2:3: no")
        );
    }

    #[test]
    fn words_in_brackets_that_are_levels_stay() {
        assert_eq!(keys(&["[warn] src/a.ts"]), [("", "[warn] src/a.ts")]);
        assert_eq!(
            keys(&["[api] src/a.ts", "[@acme/api]: x", "[0] y"]),
            [("api", "src/a.ts"), ("@acme/api", "x"), ("0", "y")]
        );
    }
}
