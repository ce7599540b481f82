//! eslint's formats (stylish, compact, unix), which oxlint and stylelint share, and ruff's `grouped`,
//! which has the same shape: the file on a line of its own, then its findings, indented.

use super::{Candidate, Emit, Matcher, Rank, rank_of};

#[derive(Default)]
pub(super) struct Eslint {
    /// The last line that was not indented.
    heading: String,
}

impl Matcher for Eslint {
    fn line(&mut self, line: &str, emit: &mut Emit<'_>) {
        if let Some(first) = line.chars().next()
            && !first.is_whitespace()
        {
            self.heading.clear();
            self.heading.push_str(line);
            one_line(line, emit);
            return;
        }
        if !line.trim_start().starts_with(|first: char| first.is_ascii_digit()) {
            return;
        }
        let Some(found) =
            pattern!(r"^\s+(\d+):(\d+)\s+(error|warning|✖|⚠|[A-Z]+\d+)\s+(.*?)(?:\s{2,}(\S+))?$").captures(line)
        else {
            return;
        };
        let heading = self.heading.trim_end_matches(':');
        if !heading.contains(['/', '.']) || heading.ends_with('.') {
            return;
        }
        let rank = if &found[3] == "⚠" { Rank::Warning } else { rank_of(&found[3]) };
        let severity = match &found[3] {
            "✖" => "error",
            "⚠" => "warning",
            other => other,
        };
        let rule = found.get(5).map_or_else(String::new, |rule| format!(" ({})", rule.as_str()));
        let message = format!("{severity} {}{rule}", &found[4]);
        Candidate::new(heading, &found[1], Some(&found[2]), message, rank).map(emit);
    }
}

fn one_line(line: &str, emit: &mut Emit<'_>) {
    if line.contains(": line ")
        && let Some(found) = pattern!(r"^(.+?): line (\d+), col (\d+), (Error|Warning) - (.*)$").captures(line)
    {
        Candidate::new(&found[1], &found[2], Some(&found[3]), &found[5], rank_of(&found[4])).map(emit);
    } else if line.ends_with(']')
        && let Some(found) = pattern!(r"^(.+?):(\d+):(\d+): (.*) \[(Error|Warning)(?:/(.+))?\]$").captures(line)
    {
        let rule = found.get(6).map_or_else(String::new, |rule| format!(" ({})", rule.as_str()));
        Candidate::new(&found[1], &found[2], Some(&found[3]), format!("{}{rule}", &found[4]), rank_of(&found[5]))
            .map(emit);
    }
}
