//! The last steps: start the supervisor on the rendered config, then wait until the stack is healthy.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::scope::Scope;
use crate::agent::{Error, health, processes};
use crate::project::Project;
use crate::report::{Failure, Task};
use crate::supervisor::{self, Client, Phase, StackSnapshot, StackSpec};
use crate::system::Deadline;

/// Between two questions to a process that is said to be ready and does not answer.
const ASK_AGAIN: Duration = Duration::from_millis(500);

/// Starts the supervisor, or gives the running one the config that differs, or starts what is down. Says whether
/// anything had to be done.
pub(super) async fn start(
    scope: Scope<'_>,
    spec: &StackSpec,
    running: Option<&StackSnapshot>,
) -> Result<bool, Failure> {
    let directory = scope.directory();
    if let Some(snapshot) = running {
        match bring_up(scope, spec, snapshot).await {
            // it died since it was asked for its state: what it left is swept, and another one starts
            Err(error) if error.is_ending() => {
                supervisor::sweep(scope.context.home.id(), &directory, &scope.agent.stack().to_string()).await?;
            }
            other => return Ok(other?),
        }
    }
    supervisor::start(&directory, spec).await?;
    Ok(true)
}

async fn bring_up(scope: Scope<'_>, spec: &StackSpec, snapshot: &StackSnapshot) -> supervisor::Result<bool> {
    let directory = scope.directory();
    let client =
        Client::connect(&directory)?.ok_or_else(|| supervisor::Error::NotRunning { directory: directory.clone() })?;
    let mut changed = false;
    if snapshot.spec_digest != supervisor::spec_digest(spec) {
        changed = true;
        client.apply(spec, true).await?;
    }
    let down: Vec<String> = snapshot
        .processes
        .iter()
        .filter(|(_, process)| process.phase == Phase::Stopped || processes::is_lost(process.phase))
        .map(|(name, _)| name.clone())
        .collect();
    if !down.is_empty() {
        changed = true;
        client.start(&down).await?;
    }
    Ok(changed)
}

/// Waits until every process is ready or done. Says whether one was not at first.
///
/// # Errors
/// [`Error::Unhealthy`] as soon as one is lost, or when time is up.
pub(super) async fn wait(scope: Scope<'_>, project: &Project) -> Result<bool, Failure> {
    let (agent, directory) = (scope.agent, scope.directory());
    let timeout = scope.options.timeout.unwrap_or(project.launch.timeout);
    let deadline = Deadline::after("the health of the processes", timeout);
    let client = Client::connect(&directory)?.ok_or(Error::NotRunning(agent))?;
    let mut snapshot = client.snapshot().await?;
    let mut begun: Option<Task> = None;
    let mut crashed = BTreeSet::new();
    // whether what the supervisor says was found out while we waited
    let mut is_news = false;
    loop {
        let mut waiting: Vec<String> = snapshot
            .processes
            .iter()
            .filter(|(_, process)| !processes::is_settled_well(process.phase))
            .map(|(name, _)| name.clone())
            .collect();
        // of one that has been ready for long, the supervisor's word may be old
        let mut silent = BTreeMap::new();
        if waiting.is_empty() && !is_news {
            silent = health::unanswered(&directory, &client, &snapshot).await?;
            waiting.extend(silent.keys().cloned());
        }
        if waiting.is_empty() {
            // a service that exits with 0 right after its start was probably not meant to
            for (name, process) in snapshot.processes.iter().filter(|(_, process)| process.phase == Phase::Completed) {
                if let Some(reason) = &process.reason {
                    scope.context.events.warning(scope.subject(), format!("{name} {reason}"));
                }
            }
            let waited = begun.is_some();
            begun.map(Task::finish);
            return Ok(waited);
        }
        let task = begun.get_or_insert_with(|| scope.context.events.task(scope.subject(), "wait for health"));
        task.detail(waiting.join(", "));
        // the first crash is reported at once, not with the last
        for (name, process) in snapshot.processes.iter().filter(|(_, process)| process.phase == Phase::Backoff) {
            if crashed.insert(name.clone()) {
                let last =
                    supervisor::logs::last_word(&directory, name).map_or_else(String::new, |line| format!(": {line}"));
                let why = process.reason.clone().unwrap_or_default();
                scope.context.events.warning(scope.subject(), format!("{name} {why}{last}"));
            }
        }
        let lost = snapshot.processes.values().any(|process| processes::is_lost(process.phase));
        let left = deadline.remaining();
        if lost || left.is_zero() {
            let mut rows = processes::rows(&directory, &snapshot, &|_| None);
            for row in &mut rows {
                if let Some(reason) = silent.remove(&row.name) {
                    (row.state, row.reason) = (Phase::Unhealthy, Some(reason));
                }
            }
            for row in rows.iter_mut().filter(|row| waiting.contains(&row.name) && row.last_lines.is_empty()) {
                row.last_lines = processes::last_lines(&directory, &row.name);
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
        is_news = silent.is_empty();
        let pause = if is_news { left } else { left.min(ASK_AGAIN) };
        snapshot = client.changed(snapshot.generation, pause).await?;
    }
}
