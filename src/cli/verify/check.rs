//! `harness verify --check`.

use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use super::super::invocation::{Invocation, interruptible};
use crate::report::verify::{Attested, VerifyCheck};
use crate::report::{Failure, Kind};
use crate::system::text::{cut, plain};
use crate::terminal;
use crate::verify;

/// Neither home nor project is looked at.
pub(super) fn check(revision: &str, key: &Path, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let directory = invocation.directory()?;
    let document = interruptible(verify::check(&directory, revision, &directory.join(key)))?;
    invocation.output.document(&document, text_of);
    Ok(if document.valid { ExitCode::SUCCESS } else { ExitCode::from(Kind::CheckFailed.exit_code()) })
}

fn text_of(document: &VerifyCheck) -> String {
    let mut text = String::new();
    let commit = cut(&document.commit, 12);
    match &document.attested {
        Some(attested) => {
            let when = &attested.finished_at;
            let _ = writeln!(text, "valid: commit {commit} passed `harness verify --full`, {}", plain(when));
            let _ = writeln!(text, "key: {}", document.key_id);
            describe(&mut text, attested);
        }
        None => {
            let _ = writeln!(text, "refused: the evidence of commit {commit} does not hold");
        }
    }
    for lie in &document.lies {
        let _ = writeln!(text, "  {}: {}", lie.code.as_str(), plain(&lie.message));
    }
    for remark in &document.remarks {
        let _ = writeln!(text, "note: {}", plain(remark));
    }
    if document.others > 0 {
        let _ = writeln!(
            text,
            "note: {} of other keys, not looked at",
            crate::system::text::count(document.others, "statement")
        );
    }
    text
}

fn describe(text: &mut String, attested: &Attested) {
    let _ = writeln!(text, "by: harness {}, run {}", plain(&attested.harness), plain(&attested.run));
    for stage in &attested.stages {
        let _ = writeln!(text, "stage {}: {}", plain(&stage.name), stage.status);
        for command in &stage.commands {
            let took = terminal::duration(Duration::from_millis(command.duration_ms));
            let _ = writeln!(text, "  {} ({took}): {}", plain(&command.name), plain(&command.does));
        }
    }
    if let Some(template) = &attested.template {
        let state = template.state.map_or("not known to be current", |state| state.as_str());
        let _ = writeln!(text, "template: {}, {state}", plain(&template.name));
    }
    if let Some(network) = attested.network {
        let _ = writeln!(text, "network: {network}");
    }
    let tools: Vec<String> =
        attested.tools.iter().map(|tool| format!("{} {}", tool.name, plain(&tool.version))).collect();
    let _ = writeln!(text, "tools: {}", if tools.is_empty() { "not known".to_owned() } else { tools.join("; ") });
    let Some(base) = &attested.base else { return };
    let against = format!("{} ({})", plain(&base.reference), plain(cut(&base.commit, 12)));
    if attested.changes.is_empty() {
        let _ = writeln!(text, "test, CI and verify files: as in {against}");
        return;
    }
    let _ = writeln!(text, "test, CI and verify files that differ from {against}:");
    for file in &attested.changes {
        let _ = writeln!(text, "  {:<8} {:<6} {}", file.change.as_str(), file.kind.as_str(), plain(&file.path));
    }
    if attested.weakened.is_empty() {
        let _ = writeln!(text, "weakened tests: none found");
        return;
    }
    let _ = writeln!(text, "weakened tests:");
    for test in &attested.weakened {
        let _ = writeln!(text, "  {}: {}: {}", plain(&test.path), test.what, plain(&test.text));
    }
    if attested.weakened_more > 0 {
        let _ = writeln!(text, "  and {} more", attested.weakened_more);
    }
}
