//! What most compilers and linters print: `path:line:column: text`. It has the lowest rank of all, and
//! counts only where such a file exists. And what they print on GitHub: `::error file=…,line=…::text`.

use super::{Candidate, Emit, Matcher, Rank, names_a_line, rank_of};

#[derive(Default)]
pub(super) struct Shape;

impl Matcher for Shape {
    fn line(&mut self, line: &str, emit: &mut Emit<'_>) {
        if line.starts_with("::") {
            annotation(line).map(emit);
            return;
        }
        if !names_a_line(line) && !line.contains(": line ") {
            return;
        }
        let Some(found) = pattern!(
            r"^\s*(?:vet: |e: |w: |ERROR: |Error: )?((?:file://)?[^\s:()\[\]'\x22<>|=]+(?:[./][^\s:()\[\]'\x22<>|=]+)):(?:(\d+)| line (\d+))(?::(\d+))?(?::|\s-)\s+(\S.*)$"
        )
        .captures(line) else {
            return;
        };
        let Some(row) = found.get(2).or(found.get(3)) else { return };
        let message = &found[5];
        let rank = match pattern!(r"^(?i)(?:fatal |internal )?(error|warning|note|info|help|hint)\b").captures(message)
        {
            Some(severity) => rank_of(&severity[1]),
            // eslint's unix format says it at the end
            None if message.ends_with(']') && message.contains("[Warning/") => Rank::Warning,
            None => Rank::Shape,
        };
        Candidate::new(&found[1], row.as_str(), found.get(4).map(|column| column.as_str()), message, rank).map(emit);
    }
}

/// A workflow command of GitHub; what tools say in it is long, percent-encoded and often drawn as for a terminal.
fn annotation(line: &str) -> Option<Candidate> {
    let found = pattern!(r"^::(error|warning) (.*?)::(.*)$").captures(line)?;
    let property = |name: &str| {
        found[2].split(',').find_map(|property| property.trim_start().strip_prefix(name)?.strip_prefix('='))
    };
    let said = found[3].replace("%0D", "").replace("%0A", "\n").replace("%25", "%");
    let lines = || said.lines().map(str::trim).filter(|line| !line.is_empty());
    let error = lines().find(|line| pattern!(r"^\w*Error: ").is_match(line));
    let message = error.or_else(|| lines().next()).unwrap_or_default();
    // the place is known already
    let message = pattern!(r"^\S+:\d+:\d+: ").replace(message, "").into_owned();
    let column = property("col").or_else(|| property("column"));
    Candidate::new(property("file")?, property("line").unwrap_or("1"), column, message, rank_of(&found[1]))
}
