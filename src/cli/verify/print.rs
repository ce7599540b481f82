//! What is printed of a verdict.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use super::super::invocation::Invocation;
use super::Arguments;
use super::sign::tell_evidence;
use crate::report::verify::StageStatus;
use crate::report::{Failure, Verify};
use crate::system;
use crate::terminal::{self, Output};
use crate::verify::{self, Verdict};

/// Prints a verdict in every form that was asked for, and returns the exit code.
pub(super) fn print(arguments: &Arguments, invocation: &Invocation, verdict: &Verdict) -> ExitCode {
    let written = arguments.junit.as_ref().map_or(Ok(()), |path| write_junit(invocation, path, &verdict.document));
    as_json(invocation).document(&verdict.document, |_| String::new());
    tell(invocation, &verdict.document);
    if std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true") {
        // read from both streams there, and stdout is the document's
        invocation.output.tell(verify::annotations(&verdict.document).trim_end());
    }
    if let Err(failure) = written {
        invocation.output.tell_error(&failure.document());
        return ExitCode::from(if verdict.exit_code == 0 { failure.kind().exit_code() } else { verdict.exit_code });
    }
    ExitCode::from(verdict.exit_code)
}

/// Whether the file of `--junit` could be written.
pub(super) fn may_be_written(arguments: &Arguments, invocation: &Invocation) -> Result<(), Failure> {
    let Some(path) = &arguments.junit else { return Ok(()) };
    Ok(verify::may_be_written(&invocation.directory()?.join(path))?)
}

fn write_junit(invocation: &Invocation, path: &Path, document: &Verify) -> Result<(), Failure> {
    let path = invocation.directory()?.join(path);
    let write = verify::junit(document).and_then(|bytes| std::fs::write(&path, bytes));
    Ok(write.map_err(system::Error::file("write", &path))?)
}

/// Prints one of a series of verdicts: a line of JSON where that was asked for, and what a person reads.
pub(super) fn print_next(arguments: &Arguments, invocation: &Invocation, verdict: &Verdict) {
    invocation.output.next_document(&verdict.document, |_| String::new());
    tell(invocation, &verdict.document);
    if let Some(Err(failure)) = arguments.junit.as_ref().map(|path| write_junit(invocation, path, &verdict.document)) {
        invocation.output.tell_error(&failure.document());
    }
}

/// `verify` prints its document with and without `--json`.
pub(super) fn as_json(invocation: &Invocation) -> Output {
    Output { json: true, ..invocation.output }
}

/// What a person reads: each failure with its diagnostic and its log, then the verdict.
fn tell(invocation: &Invocation, document: &Verify) {
    let text = terminal::verdict(document);
    if !text.is_empty() {
        invocation.output.tell(text.trim_end());
    }
    if let Some(error) = document.against.as_ref().and_then(|against| against.error.as_ref()) {
        invocation.output.tell_error(error);
    }
    if let Some(evidence) = &document.evidence {
        tell_evidence(invocation, evidence);
    }
    if let Some(error) = &document.error {
        invocation.output.tell_error(error);
    } else {
        let took = terminal::duration(Duration::from_millis(document.total_duration_ms));
        let all =
            document.stages.iter().all(|stage| matches!(stage.status, StageStatus::Cached | StageStatus::Skipped));
        let cached =
            if all && document.cached().next().is_some() { "; nothing was run, all of it is cached" } else { "" };
        invocation.output.tell(&format!("verify: {} in {took}{cached}", terminal::paint(&document.status)));
    }
}
