//! What a person reads of a run of `verify`.

use std::fmt::Write;

use super::error::harmless;
use super::style::paint_as;
use crate::report::verify::{Against, FailureClass, Network, Reason, StageStatus};
use crate::report::{Level, Verify};

/// Its warnings, then each failure with its diagnostic and its log; without the verdict itself.
pub fn verdict(document: &Verify) -> String {
    let mut text = String::new();
    for warning in &document.warnings {
        let _ = writeln!(text, "{} {warning}", paint_as(&Level::Warning, "warning:"));
    }
    for stage in document.stages.iter().filter(|stage| stage.status.is_bad()) {
        for command in stage.commands.iter().filter(|command| command.status.is_bad()) {
            let word = if command.status == StageStatus::Timeout { "timeout" } else { "failed" };
            let _ = writeln!(text, "{} {}: {}", paint_as(&command.status, word), stage.name, command.name);
            for line in command.first_error.iter().flat_map(|error| error.lines()) {
                let _ = writeln!(text, "  {}", harmless(line));
            }
            if let Some(log) = &command.log {
                let _ = writeln!(text, "  log: {log}");
            }
        }
    }
    let cached: Vec<String> =
        document.cached().map(|(stage, command)| format!("{}: {}", stage.name, command.name)).collect();
    if !cached.is_empty() {
        let _ = writeln!(text, "{} {}", paint_as(&StageStatus::Cached, "cached:"), cached.join(", "));
    }
    if document.network == Some(Network::Unwatched) {
        let reason = document.network_reason.as_deref().unwrap_or("unknown");
        let _ = writeln!(text, "not watched whose servers the commands talk to: {reason}");
    }
    if let Some(against) = &document.against {
        compared(&mut text, against);
    }
    match document.reason {
        Some(Reason::TreeChanged) => {
            let changed = document.tree.iter().flat_map(|tree| &tree.changed).cloned().collect::<Vec<_>>();
            let _ = writeln!(text, "files changed while verify ran: {}", changed.join(", "));
        }
        Some(Reason::ForeignServer) => {
            let commands = document.stages.iter().flat_map(|stage| &stage.commands);
            let mut ports: Vec<u16> =
                commands.flat_map(|command| &command.foreign_servers).map(|server| server.port).collect();
            ports.sort_unstable();
            ports.dedup();
            let ports = ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let _ = writeln!(
                text,
                "a result that depends on somebody else's server proves nothing: use the agent's own ports, or admit them \
                 by `allow_ports = [{ports}]` in `[verify]`"
            );
        }
        Some(Reason::NothingRan) => {
            let _ = writeln!(text, "no stage was run: every one is marked `full`; run `harness verify --full`");
        }
        _ => {}
    }
    text
}

/// What failed, compared with a commit.
fn compared(text: &mut String, against: &Against) {
    let commit = against.commit.get(..10).unwrap_or(&against.commit);
    if !against.failures.is_empty() {
        let _ = writeln!(text, "compared with {} ({commit}):", against.reference);
    }
    for failure in &against.failures {
        let class = failure.class.map_or("not known", FailureClass::as_str);
        let first = failure.first_error.lines().next().unwrap_or_default();
        let name = failure.test.as_ref().map_or_else(String::new, |name| format!(" ({name})"));
        let _ = writeln!(text, "  {class}: {}{}", harmless(first), harmless(&name));
    }
}
