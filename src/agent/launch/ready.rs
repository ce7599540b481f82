//! The last steps: start the supervisor on the rendered config, then wait until the stack is healthy.

use std::collections::BTreeSet;

use super::attempt::Attempt;
use crate::agent::{Error, processes};
use crate::report::{Failure, Task};
use crate::supervisor::{self, Client, Phase, StackSnapshot, StackSpec};
use crate::system::Deadline;

/// Starts the supervisor, or gives the running one the config that differs, or starts what is down.
pub(super) async fn start(
    attempt: &mut Attempt<'_>,
    spec: &StackSpec,
    running: Option<&StackSnapshot>,
) -> Result<(), Failure> {
    let digest = supervisor::spec_digest(spec);
    attempt.record.spec_digest = Some(digest.clone());
    match running {
        None => {
            attempt.changed = true;
            supervisor::start(&attempt.directory, spec).await?;
        }
        Some(snapshot) => {
            let client = Client::connect(&attempt.directory)?.ok_or(Error::NotRunning(attempt.record.agent))?;
            if snapshot.spec_digest != digest {
                attempt.changed = true;
                client.apply(spec, true).await?;
            }
            let down: Vec<String> = snapshot
                .processes
                .iter()
                .filter(|(_, process)| process.phase == Phase::Stopped || processes::is_lost(process.phase))
                .map(|(name, _)| name.clone())
                .collect();
            if !down.is_empty() {
                attempt.changed = true;
                client.start(&down).await?;
            }
        }
    }
    Ok(())
}

/// Waits until every process is ready or done.
///
/// # Errors
/// [`Error::Unhealthy`] as soon as one is lost, or when time is up.
pub(super) async fn wait(attempt: &mut Attempt<'_>) -> Result<(), Failure> {
    let agent = attempt.record.agent;
    let timeout = attempt.options.timeout.unwrap_or(attempt.project.launch.timeout);
    let deadline = Deadline::after("the health of the processes", timeout);
    let client = Client::connect(&attempt.directory)?.ok_or(Error::NotRunning(agent))?;
    let mut snapshot = client.snapshot().await?;
    let mut told = None;
    let mut crashed = BTreeSet::new();
    loop {
        let waiting: Vec<String> = snapshot
            .processes
            .iter()
            .filter(|(_, process)| !processes::is_settled_well(process.phase))
            .map(|(name, _)| name.clone())
            .collect();
        if waiting.is_empty() {
            // a service that ended well right after its start was probably not meant to
            for (name, process) in snapshot.processes.iter().filter(|(_, process)| process.phase == Phase::Completed) {
                if let Some(reason) = &process.reason {
                    attempt.context.events.warning(attempt.subject(), format!("{name} {reason}"));
                }
            }
            told.map(Task::finish);
            return Ok(());
        }
        attempt.changed = true;
        let task = told.get_or_insert_with(|| attempt.context.events.task(attempt.subject(), "wait for health"));
        task.detail(waiting.join(", "));
        // the first crash is told at once: nobody should wait for the last to read why
        for (name, process) in snapshot.processes.iter().filter(|(_, process)| process.phase == Phase::Backoff) {
            if crashed.insert(name.clone()) {
                let last = processes::last_lines(&attempt.directory, name)
                    .pop()
                    .map_or_else(String::new, |line| format!(": {line}"));
                let why = process.reason.clone().unwrap_or_default();
                attempt.context.events.warning(attempt.subject(), format!("{name} {why}{last}"));
            }
        }
        let lost = snapshot.processes.values().any(|process| processes::is_lost(process.phase));
        let left = deadline.remaining();
        if lost || left.is_zero() {
            let mut rows = processes::rows(&attempt.directory, &snapshot, &|_| None);
            for row in rows.iter_mut().filter(|row| waiting.contains(&row.name) && row.last_lines.is_empty()) {
                row.last_lines = processes::last_lines(&attempt.directory, &row.name);
            }
            let mut summary: Vec<String> =
                rows.iter().filter(|row| waiting.contains(&row.name)).map(processes::describe).collect();
            if !lost {
                summary.push(format!("gave up after {} s", timeout.as_secs()));
            }
            return Err(
                Error::Unhealthy { agent, summary: summary.join(", "), evidence: processes::evidence(&rows) }.into()
            );
        }
        snapshot = client.changed(snapshot.generation, left).await?;
    }
}
