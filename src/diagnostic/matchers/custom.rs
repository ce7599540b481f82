//! The project's own pattern: a regular expression with groups `file`, `line` and `message`.

use regex::Regex;

use super::{Candidate, Emit, Matcher, Rank};

pub(super) struct Custom {
    pattern: Regex,
}

impl Custom {
    pub(super) fn new(pattern: Regex) -> Self {
        Self { pattern }
    }
}

impl Matcher for Custom {
    fn line(&mut self, line: &str, emit: &mut Emit<'_>) {
        let Some(found) = self.pattern.captures(line) else { return };
        let group = |name| found.name(name).map(|group| group.as_str());
        let Some(file) = group("file") else { return };
        let message = group("message").unwrap_or(line).trim();
        if let Some(candidate) =
            Candidate::new(file, group("line").unwrap_or("1"), group("column"), message, Rank::Project)
        {
            emit(candidate);
        }
    }
}
