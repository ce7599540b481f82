//! Are the agent's ports its own to take?

use super::attempt::Attempt;
use crate::agent::error::{Error, TakenPort};
use crate::report::Failure;
use crate::supervisor::{self, Client, StackSnapshot};
use crate::system;

/// Checks that every port of the agent is free, unless its stack runs; returns that stack's snapshot. What a dead supervisor left behind is swept first, so that it does not stand
/// in the way as a stranger.
pub(super) async fn check(attempt: &Attempt<'_>) -> Result<Option<StackSnapshot>, Failure> {
    let agent = attempt.record.agent;
    let snapshot = if let Some(client) = Client::take_charge(&attempt.directory).await? {
        Some(client.snapshot().await?)
    } else {
        supervisor::sweep(attempt.context.home.id(), &attempt.directory, &agent.stack().to_string()).await?;
        None
    };
    // once a stack runs, who listens on its ports is the supervisor's affair
    if snapshot.is_none() {
        let ports = attempt.project.ports_of(agent).into_iter().filter(|(_, port)| !system::is_bindable(*port));
        let taken: Vec<TakenPort> =
            ports.map(|(name, port)| TakenPort { name, port, holder: system::port_holder(port) }).collect();
        if !taken.is_empty() {
            return Err(Error::PortsInUse { agent, taken }.into());
        }
    }
    Ok(snapshot)
}
