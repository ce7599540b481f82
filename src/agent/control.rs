//! `restart`, `stop`, `start`, `park`: an agent's processes, while everything else of it stays.

use std::time::Duration;

use super::lease::Lease;
use super::{Context, Error, Record, ownership, processes, undone};
use crate::project::AgentId;
use crate::report::{Control, Failure};
use crate::supervisor::{Client, Phase, StackSnapshot};
use crate::system::{self, Deadline};

/// What to do with processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Stop, then start with the rendered config.
    Restart,
    /// Stop.
    Stop,
    /// Start what is stopped.
    Start,
    /// Stop until a client connects to a port.
    Park,
    /// Replace the supervisor by this binary.
    ReplaceSupervisor,
}

/// How long processes may take to settle after a restart or start.
const SETTLE: Duration = Duration::from_mins(1);

/// Acts on `names`, or on all processes when it is empty; then waits until they have settled.
///
/// # Errors
/// The agent does not run, has no such process, or is another project's and `force` is not set.
pub async fn control(
    context: &Context,
    agent: AgentId,
    action: Action,
    names: &[String],
    force: bool,
) -> Result<Control, Failure> {
    let verb = match action {
        Action::Restart | Action::ReplaceSupervisor => "restart",
        Action::Stop => "stop",
        Action::Start => "start",
        Action::Park => "park",
    };
    ownership::check_agent(context, agent, force)?;
    undone::existing(context, agent)?;
    let _lease = Lease::take(context, agent, verb).await?;
    let directory = context.home.stack_dir(agent.stack());
    let client = Client::connect(&directory)?.ok_or(Error::NotRunning(agent))?;
    let before = match action {
        // first: a supervisor with another protocol version understands only this request
        Action::ReplaceSupervisor => {
            client.replace(&std::env::current_exe().map_err(system::Error::call("find the harness binary"))?).await?
        }
        _ => client.state().await?.ok_or(Error::NotRunning(agent))?,
    };
    let names = chosen(agent, &before, names)?;
    let what = if action == Action::ReplaceSupervisor { "its supervisor".to_owned() } else { names.join(", ") };
    let task = context.events.task(format!("agent {agent}"), format!("{verb} {what}"));
    let mut snapshot = match action {
        Action::Restart => client.restart(&names).await?,
        Action::Stop => client.stop(&names).await?,
        Action::Start => client.start(&names).await?,
        Action::Park => client.park().await?,
        Action::ReplaceSupervisor => before,
    };
    let deadline = Deadline::after("the processes to settle", SETTLE);
    while names
        .iter()
        .filter_map(|name| snapshot.processes.get(name))
        .any(|process| !processes::is_settled_well(process.phase) && !processes::is_lost(process.phase))
    {
        if deadline.passed() {
            break;
        }
        snapshot = client.changed(snapshot.generation, deadline.remaining()).await?;
    }
    task.finish();
    if action == Action::Park && !snapshot.parked {
        return Err(Error::NothingToPark(agent).into());
    }
    Ok(Control {
        schema: format!("harness/{verb}/1"),
        agent: agent.get(),
        state: processes::summary(&snapshot),
        processes: processes::rows(&directory, &snapshot, &|_| None),
    })
}

/// Restarts what runs of an agent whose lease the caller holds, where its project says so of a database that was replaced.
pub(super) async fn after_replacement(context: &Context, record: &Record) -> Result<(), Failure> {
    let project = context.in_tree(&context.project_at(&record.project_root)?, &record.tree)?;
    let Some(client) = Client::look(&context.home.stack_dir(record.agent.stack()))? else { return Ok(()) };
    let Some(snapshot) = client.state().await?.filter(|_| project.database.restart_on_replace) else { return Ok(()) };
    let runs = |phase| !matches!(phase, Phase::Disabled | Phase::Stopped | Phase::Completed);
    let running = snapshot.processes.iter().filter(|(_, process)| runs(process.phase));
    let names: Vec<String> = running.map(|(name, _)| name.clone()).collect();
    if !names.is_empty() && !snapshot.parked {
        context.events.note(format!("agent {}", record.agent), format!("restart {}", names.join(", ")));
        client.restart(&names).await?;
    }
    Ok(())
}

/// The processes that are meant; all that are not disabled when none is named.
pub(super) fn chosen(agent: AgentId, snapshot: &StackSnapshot, names: &[String]) -> Result<Vec<String>, Error> {
    if let Some(unknown) = names.iter().find(|name| !snapshot.processes.contains_key(*name)) {
        let known = snapshot.processes.keys().cloned().collect();
        return Err(Error::UnknownProcess { agent, name: unknown.clone(), known });
    }
    if !names.is_empty() {
        return Ok(names.to_vec());
    }
    let enabled = snapshot.processes.iter().filter(|(_, process)| process.phase != Phase::Disabled);
    Ok(enabled.map(|(name, _)| name.clone()).collect())
}
