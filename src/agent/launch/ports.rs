//! Are the agent's ports free for its stack?

use super::scope::Scope;
use crate::agent::Error;
use crate::agent::taken_port::TakenPort;
use crate::project::Project;
use crate::report::Failure;
use crate::supervisor::{self, Client, StackSnapshot};
use crate::system;

/// Checks that every port of the agent is free, unless its stack runs; returns that stack's snapshot. What a dead
/// supervisor left behind is swept first, so that it is not taken for a foreign program.
pub(super) async fn check(scope: Scope<'_>, project: &Project) -> Result<Option<StackSnapshot>, Failure> {
    let snapshot = running(scope).await?;
    // once a stack runs, the supervisor checks who listens on its ports
    if snapshot.is_none() {
        supervisor::sweep(scope.context.home.id(), &scope.directory(), &scope.agent.stack().to_string()).await?;
        let mut taken = Vec::new();
        for (name, port) in project.ports_of(scope.agent) {
            if !system::becomes_bindable(port).await {
                taken.push(TakenPort { name, port, holder: system::port_holder(port) });
            }
        }
        if !taken.is_empty() {
            return Err(Error::PortsInUse { agent: scope.agent, taken }.into());
        }
    }
    Ok(snapshot)
}

/// What the supervisor says; `None` where none runs.
async fn running(scope: Scope<'_>) -> Result<Option<StackSnapshot>, Failure> {
    let Some(client) = Client::take_charge(&scope.directory()).await? else { return Ok(None) };
    Ok(client.state().await?)
}
