//! What most compilers and linters print: `path:line:column: text`. It has the lowest rank of all, and
//! counts only where such a file exists.

use super::{Candidate, Emit, Matcher, Rank, names_a_line, rank_of};

#[derive(Default)]
pub(super) struct Shape;

impl Matcher for Shape {
    fn line(&mut self, line: &str, emit: &mut Emit<'_>) {
        if line.starts_with("::")
            && let Some(found) =
                pattern!(r"^::(error|warning) .*?file=([^,:]+)(?:.*?line=(\d+))?(?:.*?col=(\d+))?.*?::(.*)$")
                    .captures(line)
        {
            let row = found.get(3).map_or("1", |row| row.as_str());
            let column = found.get(4).map(|column| column.as_str());
            Candidate::new(&found[2], row, column, &found[5], rank_of(&found[1])).map(emit);
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
