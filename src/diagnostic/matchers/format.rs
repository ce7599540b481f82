//! Formatters that only name files: prettier, oxfmt, black, older ruffs.

use super::{Candidate, Emit, Matcher, Rank};

#[derive(Default)]
pub(super) struct Format {
    checking: bool,
}

impl Matcher for Format {
    fn line(&mut self, line: &str, emit: &mut Emit<'_>) {
        if line == "Checking formatting..." {
            self.checking = true;
        } else if line.starts_with("[error] ")
            && let Some(found) = pattern!(r"^\[error\] (.+?): (\w*Error: .+) \((\d+):(\d+)\)$").captures(line)
        {
            Candidate::new(&found[1], &found[3], Some(&found[4]), &found[2], Rank::Error).map(emit);
        } else if line.get(1..).is_some_and(|rest| rest.starts_with("ould reformat"))
            && let Some(found) = pattern!(r"^[Ww]ould reformat:? (.+)$").captures(line)
        {
            emit(Candidate::file(&found[1], "not formatted"));
        } else if line.starts_with("error: cannot ")
            && let Some(found) =
                pattern!(r"^error: cannot (?:parse: (.+?):(\d+):(\d+)|format (.+?): Cannot parse.*?: (\d+):(\d+):.*)$")
                    .captures(line)
        {
            let group = |number: usize| found.get(number).or(found.get(number + 3)).map_or("", |group| group.as_str());
            Candidate::new(group(1), group(2), Some(group(3)), "cannot be parsed", Rank::Error).map(emit);
        } else if self.checking
            && let Some(found) = pattern!(r"^(?:\[warn\] (\S+)|(\S+) \(\d+m?s\))$").captures(line)
            && let Some(file) = found.get(1).or(found.get(2))
        {
            emit(Candidate::file(file.as_str(), "not formatted"));
        }
    }
}
