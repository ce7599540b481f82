//! `ports`: which port is whose, and who listens on it.

use super::{Context, Error, Record, identity};
use crate::infra::{self, PortOwners};
use crate::project::AgentId;
use crate::report::{Failure, PortRow, Ports};

/// The ports of one agent; without one, of every agent and of the shared servers.
///
/// # Errors
/// There is no such agent.
pub async fn ports(context: &Context, only: Option<AgentId>) -> Result<Ports, Failure> {
    let mut rows = Vec::new();
    let agents = match only {
        Some(agent) => vec![agent],
        None => identity::agents(context)?,
    };
    for agent in agents {
        let record = match Record::read(&context.home, agent) {
            Ok(Some(record)) => record,
            Ok(None) if only.is_some() => return Err(Error::Unknown(agent).into()),
            Err(error) if only.is_some() => return Err(error.into()),
            // the lock of a command in progress, or a record that `status` complains of
            _ => continue,
        };
        let stack = agent.stack().to_string();
        rows.extend(record.ports.iter().map(|(name, port)| (Some(agent.get()), name.clone(), *port, stack.clone())));
    }
    let mut servers = Vec::new();
    if only.is_none() {
        servers = infra::status(&context.home).await?.services;
        for service in &servers {
            let row = |port: &u16| (None, service.name.clone(), *port, "infra".to_owned());
            rows.extend(service.ports.iter().map(row));
        }
    }
    rows.sort_by_key(|(_, _, port, _)| *port);
    // one look at all sockets answers for every port
    let owners = PortOwners::read(&context.home, &servers)?;
    let ports = rows
        .into_iter()
        .map(|(agent, name, port, stack)| {
            let owner = owners.of(port, &stack);
            let listening = owner.is_some();
            let own = owner.as_ref().and_then(|owner| owner.own);
            let (pid, command) = owner.map_or((None, None), |owner| (owner.pid, Some(owner.command)));
            PortRow { agent, name, port, listening, pid, command, own }
        })
        .collect();
    Ok(Ports { schema: "harness/ports/1".to_owned(), ports })
}
