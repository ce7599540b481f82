//! `harness doctor`.

use std::fmt::Write;
use std::process::ExitCode;

use clap::Args;

use super::invocation::{Invocation, interruptible};
use crate::jobs;
use crate::report::{Doctor, Failure, Kind, Level};
use crate::terminal::paint_as;

/// Check this machine: tools, servers, ports, limits, disk, stale state.
///
/// Each warning and error has a hint. Exits with 1 if there is an error.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness doctor                 check this machine
  harness doctor --json          print the findings as JSON")]
pub(super) struct Arguments {}

pub(super) fn run(_arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let context = invocation.context()?;
    let doctor = interruptible(jobs::doctor(&context))?;
    invocation.output.document(&doctor, text);
    Ok(if doctor.healthy { ExitCode::SUCCESS } else { ExitCode::from(Kind::CheckFailed.exit_code()) })
}

fn text(doctor: &Doctor) -> String {
    let mut text = String::new();
    let mut area = None;
    for finding in &doctor.findings {
        if area != Some(finding.area) {
            area = Some(finding.area);
            let _ = writeln!(text, "{}", finding.area);
        }
        let mut level = finding.level.to_string();
        if finding.level != Level::Ok {
            level.push(':');
        }
        let _ = writeln!(text, "  {} {}", paint_as(&finding.level, &level), finding.message);
        if let Some(hint) = &finding.hint {
            let _ = writeln!(text, "     hint: {hint}");
        }
    }
    text
}
