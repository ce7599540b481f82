//! `enable --up`: what was up before the machine went down comes back.

use std::time::Duration;

use super::chosen;
use crate::agent::launch::{LaunchOptions, launch};
use crate::agent::{Context, Record, beside};
use crate::infra;
use crate::project::AgentId;
use crate::report::{Boot, BootOutcome, BootedAgent, ErrorDocument, Failure, Kind, LaunchOutcome};
use crate::supervisor::Client;
use crate::system::Deadline;

/// While a machine boots, what the servers need (Docker's daemon, a disk, the network) comes up beside this.
const PATIENCE: Duration = Duration::from_mins(3);
/// Between two tries.
const PAUSE: Duration = Duration::from_secs(3);

/// Starts the recorded servers, then each of `agents` (the chosen ones when none is named) whose stack is not up.
/// Returns what happened to each, and the kind of the worst failure. An agent that fails keeps no other from coming back.
///
/// # Errors
/// An agent that does not exist; a home that cannot be read; servers that do not start, where no agent is to come back.
pub async fn up(context: &Context, agents: &[AgentId]) -> Result<(Boot, Option<Kind>), Failure> {
    let records = chosen::meant(context, agents)?;
    let mut boot = Boot { schema: "harness/boot/1".to_owned(), servers: false, agents: Vec::new() };
    if !context.home.exists() {
        return Ok((boot, None));
    }
    let mut worst = None;
    match servers(context).await {
        Ok(any) => boot.servers = any,
        Err(failure) if records.is_empty() => return Err(failure),
        Err(failure) => {
            // each agent that needs them says the same; one that needs none comes back
            context.events.warning("infra", failure.to_string());
            worst = Some(failure.kind());
        }
    }
    for (agent, kind) in beside::all(records.iter().map(|record| one(context, record))).await {
        worst = worst.max(kind);
        boot.agents.push(agent);
    }
    Ok((boot, worst))
}

/// The servers of the record; whether there are any.
async fn servers(context: &Context) -> Result<bool, Failure> {
    let deadline = Deadline::after("the shared servers", PATIENCE);
    loop {
        match infra::resume(&context.home, &context.events).await {
            Ok(infra) => return Ok(infra.is_some()),
            Err(error) if deadline.passed() => return Err(error.into()),
            Err(error) => {
                context.events.warn_once("infra", format!("{error}; trying again for {} s", PATIENCE.as_secs()));
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn one(context: &Context, record: &Record) -> (BootedAgent, Option<Kind>) {
    let mut booted = BootedAgent {
        agent: record.agent.get(),
        project: record.project.clone(),
        outcome: BootOutcome::Running,
        error: None,
    };
    match is_up(context, record).await {
        Ok(true) => return (booted, None),
        Ok(false) => {}
        Err(failure) => return (failed(booted, failure.document()), Some(failure.kind())),
    }
    match launch(&as_launched(context, record), &[record.agent], &LaunchOptions::default()).await {
        Ok((launched, kind)) => {
            let launched = launched.agents.into_iter().next();
            if let Some(error) = launched.as_ref().and_then(|launched| launched.error.clone()) {
                return (failed(booted, error), kind);
            }
            let ran = launched.is_some_and(|launched| launched.outcome == LaunchOutcome::AlreadyRunning);
            booted.outcome = if ran { BootOutcome::Running } else { BootOutcome::Started };
            (booted, kind)
        }
        Err(failure) => (failed(booted, failure.document()), Some(failure.kind())),
    }
}

fn failed(booted: BootedAgent, error: ErrorDocument) -> BootedAgent {
    BootedAgent { outcome: BootOutcome::Failed, error: Some(error), ..booted }
}

/// Whether a supervisor answers: what it runs is as somebody wanted it.
async fn is_up(context: &Context, record: &Record) -> Result<bool, Failure> {
    let Some(client) = Client::look(&context.home.stack_dir(record.agent.stack()))? else { return Ok(false) };
    Ok(client.state().await?.is_some())
}

/// The surroundings that the agent was launched in: its project, and the caller's part of its environment.
fn as_launched(context: &Context, record: &Record) -> Context {
    let mut environment = context.environment.clone();
    environment.extend(record.base_environment.clone());
    environment.remove("AGENT_ID");
    Context { environment, directory: record.project_root.clone(), ..context.clone() }
}
