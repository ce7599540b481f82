//! Rows for people and scripts out of the supervisor's snapshot.

use std::path::Path;

use crate::report::{Exit, ProcessRow, ProcessState, StackState};
use crate::supervisor::{ExitStatus, Phase, ProcessSnapshot, StackSnapshot, Usage, logs};
use crate::system::ProcessIdentity;

/// How many log lines are shown of an unhealthy process.
const LAST_LINES: usize = 12;

/// The rows of a stack. `usage` gives CPU and memory of a leader's tree where they were measured.
pub(super) fn rows(
    directory: &Path,
    snapshot: &StackSnapshot,
    usage: &dyn Fn(&ProcessIdentity) -> Option<Usage>,
) -> Vec<ProcessRow> {
    snapshot.processes.iter().map(|(name, process)| row(directory, name, process, usage)).collect()
}

fn row(
    directory: &Path,
    name: &str,
    process: &ProcessSnapshot,
    usage: &dyn Fn(&ProcessIdentity) -> Option<Usage>,
) -> ProcessRow {
    let usage = process.process.as_ref().and_then(usage);
    let now = jiff::Timestamp::now().as_millisecond();
    ProcessRow {
        name: name.to_owned(),
        state: process.phase,
        pid: process.process.as_ref().map(|identity| identity.pid),
        restarts: process.restarts,
        uptime_ms: process.process.as_ref().and(process.started_at_ms).map(|started| (now - started).max(0)),
        cpu_percent: usage.as_ref().map(|usage| usage.cpu_percent),
        memory_bytes: usage.as_ref().map(|usage| usage.memory_bytes),
        ports: process.ports.clone(),
        exit: process.last_exit.map(exit),
        reason: process.reason.clone().or_else(|| last_crash(process, now)),
        reported_errors: process.reported_errors,
        lost_log_bytes: process.lost_log_bytes,
        last_lines: if is_bad(process.phase) { last_lines(directory, name) } else { Vec::new() },
    }
}

/// How and when a process that runs again last ended by itself.
fn last_crash(process: &ProcessSnapshot, now_ms: i64) -> Option<String> {
    let exit = process.last_exit.filter(|exit| process.restarts > 0 && exit.code != Some(0)).map(exit)?;
    let ago = (now_ms - process.last_exit_at_ms?).max(0) / 1000;
    process.process.is_some().then(|| format!("last ended {ago} s ago: {exit}"))
}

/// The last log lines of a process, made safe to print.
pub(super) fn last_lines(directory: &Path, name: &str) -> Vec<String> {
    logs::last_lines(directory, name, LAST_LINES)
}

pub(super) fn exit(status: ExitStatus) -> Exit {
    Exit { code: status.code, signal: status.signal, out_of_memory: status.out_of_memory }
}

/// Nothing more is to be waited for.
pub(super) fn is_settled_well(phase: Phase) -> bool {
    phase.is_well()
}

/// It does not become ready by itself any more.
pub(super) fn is_lost(phase: Phase) -> bool {
    matches!(phase, Phase::Failed | Phase::PortConflict | Phase::DependencyFailed)
}

fn is_bad(phase: Phase) -> bool {
    is_lost(phase) || matches!(phase, Phase::Backoff | Phase::PortNotBound | Phase::Unhealthy)
}

/// The stack in one word, and what makes it so.
pub fn summary(snapshot: &StackSnapshot) -> StackState {
    let phases: Vec<ProcessState> = snapshot.processes.values().map(|process| process.phase).collect();
    if phases.iter().any(|phase| is_bad(*phase)) {
        StackState::Unhealthy
    } else if phases.iter().any(|phase| matches!(phase, Phase::Waiting | Phase::Starting | Phase::Stopping)) {
        StackState::Starting
    } else if snapshot.parked {
        StackState::Parked
    } else if phases.iter().all(|phase| matches!(phase, Phase::Stopped | Phase::Disabled)) && !phases.is_empty() {
        StackState::Stopped
    } else if phases.contains(&Phase::Stopped) {
        StackState::PartlyStopped
    } else {
        StackState::Healthy
    }
}

/// A line for each unhealthy process: state, exit status, reason, then its last lines.
pub(super) fn evidence(rows: &[ProcessRow]) -> Vec<String> {
    let mut lines = Vec::new();
    for row in rows.iter().filter(|row| !row.state.is_well()) {
        lines.push(describe(row));
        lines.extend(row.last_lines.iter().map(|line| format!("    {line}")));
    }
    lines
}

/// `api: failed (exit status 1; connection refused)`.
pub(super) fn describe(row: &ProcessRow) -> String {
    // the reason of an end tells how it ended
    let exit = row.exit.iter().filter(|_| row.pid.is_none()).map(ToString::to_string).next();
    let why = row.reason.clone().or(exit).map_or_else(String::new, |why| format!(" ({why})"));
    format!("{}: {}{why}", row.name, row.state)
}
