//! `enable --down`: a machine that goes down stops stacks and servers in order. Everything that agents have stays.

use std::time::Duration;

use super::chosen;
use crate::agent::lease::Lease;
use crate::agent::{Context, Record, beside};
use crate::infra;
use crate::project::AgentId;
use crate::report::{Boot, BootOutcome, BootedAgent, Failure, Kind};
use crate::supervisor::{self, Client};

/// For a command that works on an agent. The machine that goes down ends it too.
const PATIENCE: Duration = Duration::from_secs(20);

/// Stops `agents`, or all of the home and then the servers. Returns what happened to each, and the kind of the worst
/// failure.
///
/// # Errors
/// An agent that does not exist; a home that cannot be read; a server that does not end.
pub async fn down(context: &Context, agents: &[AgentId]) -> Result<(Boot, Option<Kind>), Failure> {
    let mut boot = Boot { schema: "harness/boot/1".to_owned(), servers: false, agents: Vec::new() };
    if !context.home.exists() {
        return Ok((boot, None));
    }
    // all, whether they come back or not: the servers are about to go
    let records = if agents.is_empty() { chosen::launched(context)? } else { chosen::meant(context, agents)? };
    let mut worst = None;
    for (agent, kind) in beside::all(records.iter().map(|record| one(context, record))).await {
        worst = worst.max(kind);
        boot.agents.push(agent);
    }
    if agents.is_empty() {
        boot.servers = infra::stop(&context.home, &context.events).await?;
    }
    Ok((boot, worst))
}

async fn one(context: &Context, record: &Record) -> (BootedAgent, Option<Kind>) {
    let booted =
        |outcome| BootedAgent { agent: record.agent.get(), project: record.project.clone(), outcome, error: None };
    match stop(context, record.agent).await {
        Ok(_) => (booted(BootOutcome::Stopped), None),
        Err(failure) => {
            let error = Some(failure.document());
            (BootedAgent { error, ..booted(BootOutcome::Failed) }, Some(failure.kind()))
        }
    }
}

/// Ends supervisor and processes; whether there were any.
async fn stop(context: &Context, agent: AgentId) -> Result<bool, Failure> {
    // without it too, when its holder does not end: this machine waits for nobody
    let _lease = tokio::time::timeout(PATIENCE, Lease::take(context, agent, "stop")).await.ok().transpose()?;
    let (directory, stack) = (context.home.stack_dir(agent.stack()), agent.stack().to_string());
    let Some(client) = Client::take_charge(&directory).await? else { return Ok(false) };
    match client.shutdown().await {
        Ok(_) => {}
        Err(error) if error.is_ending() => {}
        Err(error) if error.is_silent() => {
            supervisor::end_silent(context.home.id(), &directory, &stack).await?;
        }
        Err(error) => return Err(error.into()),
    }
    supervisor::sweep(context.home.id(), &directory, &stack).await?;
    Ok(true)
}
