//! What exists of this home's agents, independent of the records.

use crate::agent::Context;
use crate::bucket::BucketRegistry;
use crate::infra::Infra;
use crate::infra::docker::store;
use crate::postgres::clone;
use crate::project::AgentId;
use crate::report::Failure;
use crate::system::{self, Home};

/// Agents that own a database, a role, a bucket, a process or a container, with their project where that is known.
///
/// # Errors
/// A server does not answer, or the registry cannot be read.
pub(in crate::agent) async fn inspect(
    context: &Context,
    infra: Option<&Infra>,
) -> Result<Vec<(AgentId, Option<String>)>, Failure> {
    let mut found = Vec::new();
    if let Some(server) = infra.and_then(|infra| infra.servers.postgres.as_ref()) {
        let mut owned = clone::agent_databases(server, context.home.id()).await?;
        owned.extend(clone::agent_roles(server, context.home.id()).await?);
        found.extend(owned.into_iter().filter_map(|owned| Some((owned.agent?, Some(owned.project)))));
    }
    for (_, owner) in BucketRegistry::of(&context.home).list()? {
        if let Some(agent) = owner.agent.and_then(|agent| AgentId::try_from(agent).ok()) {
            found.push((agent, owner.project));
        }
    }
    found.extend(with_processes(&context.home).into_iter().map(|agent| (agent, None)));
    let containers = store::found(&context.home).await?;
    found.extend(containers.iter().filter_map(|container| Some((agent_of(&container.stack)?, None))));
    Ok(found)
}

/// Agents with a live process that carries this home's marker.
fn with_processes(home: &Home) -> Vec<AgentId> {
    let stacks = system::marked_stacks(home.id());
    stacks.iter().filter_map(|stack| agent_of(stack)).collect()
}

fn agent_of(stack: &str) -> Option<AgentId> {
    stack.strip_prefix("agent-")?.parse().ok()
}
