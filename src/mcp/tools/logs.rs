//! `harness_logs`.

use std::fmt::Write;

use schemars::JsonSchema;
use serde::Deserialize;

use super::arguments::{duration, pattern};
use crate::agent::{self, LogRequest};
use crate::mcp::answer::Answer;
use crate::mcp::call::Call;
use crate::report::{Failure, LogPage, LoggedLine};

/// Reads what the processes printed, merged by time, newest lines last.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// Only these processes; `supervisor` is harness's own log.
    #[serde(default)]
    processes: Vec<String>,
    /// How many lines: 100 when left out, 1000 at most.
    lines: Option<usize>,
    /// How many of the newest lines to leave out: to read what came before them.
    #[serde(default)]
    offset: usize,
    /// Only lines that match this regular expression; `(?i)` in front ignores case.
    grep: Option<String>,
    /// Only lines that are at most this old, like `5m`.
    since: Option<String>,
}

/// Bytes of a page.
const PAGE: usize = 40_000;

pub(super) async fn run(arguments: Arguments, call: &Call) -> Result<Answer, Failure> {
    let context = call.context()?;
    let agent = call.agent(&context)?;
    let wanted = arguments.lines.unwrap_or(100).clamp(1, 1000);
    let request = LogRequest {
        stack: agent.stack(),
        processes: arguments.processes,
        follow: false,
        // one more, to know whether there is more
        lines: Some(arguments.offset.saturating_add(wanted).saturating_add(1)),
        since: duration(arguments.since.as_deref())?,
        grep: arguments.grep.as_deref().map(pattern).transpose()?,
    };
    let mut lines: Vec<LoggedLine> = Vec::new();
    agent::logs(&context, request, &mut |line| lines.push(line.into())).await?;
    lines.truncate(lines.len().saturating_sub(arguments.offset));
    // from the newest backwards, as far as they fit
    let mut bytes = 0;
    let fits = lines.iter().rev().take(wanted).take_while(|line| {
        bytes += line.line.len() + 100;
        bytes <= PAGE
    });
    let kept = fits.count().max(1).min(lines.len());
    let older = kept < lines.len();
    let lines = lines.split_off(lines.len() - kept);
    let mut text = String::new();
    if older {
        let _ = writeln!(text, "(there are older lines: call again with `offset` {})", arguments.offset + kept);
    }
    for line in &lines {
        let _ = writeln!(text, "{} {} | {}", line.time, line.process, line.line);
    }
    if lines.is_empty() {
        text.push_str("(no lines)\n");
    }
    let next_offset = older.then_some(arguments.offset + kept);
    let page = LogPage { schema: "harness/logs/1".to_owned(), agent: agent.get(), lines, next_offset };
    Ok(Answer::of(&page).with_text(text))
}
