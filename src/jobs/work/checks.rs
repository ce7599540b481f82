//! What a job has changed of the checks that judged it: said to the reader of its pull request, and not judged.

use super::job::Job;
use crate::system::text::{cut, plain};
use crate::verify;

/// Lines that are said.
const LISTED: usize = 50;
/// Bytes of one.
const LONGEST: usize = 300;

impl Job {
    /// `modified test shop.test.js`, one a line; empty where none differ.
    pub(super) async fn touched_checks(&self, commit: &str) -> Vec<String> {
        let Some(base) = &self.kept.base else { return Vec::new() };
        let Ok(project) = self.context.project() else { return Vec::new() };
        let touched = verify::touched(&self.context.directory, &project.verify, base, commit).await;
        let Ok(touched) = touched else { return vec!["it is not known which tests were changed".to_owned()] };
        let files = touched.changes.iter().map(|file| format!("{} {} {}", file.change, file.kind, file.path));
        let weaker = touched.weakened.iter().map(|test| format!("weaker: {}: {}: {}", test.path, test.what, test.text));
        let mut lines: Vec<String> =
            files.chain(weaker).map(|line| cut(&plain(&line.replace('\n', " ")), LONGEST).to_owned()).collect();
        let more = lines.len().saturating_sub(LISTED) + touched.weakened_more;
        lines.truncate(LISTED);
        if more > 0 {
            lines.push(format!("and {more} more"));
        }
        lines
    }
}

/// Lines as a part of a text in Markdown, in which nothing of them is markup.
pub(super) fn in_markdown(lines: &[String]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let lines: Vec<String> = lines.iter().map(|line| format!("    {line}")).collect();
    format!("Tests and checks that differ from the base:\n\n{}", lines.join("\n"))
}
