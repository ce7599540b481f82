//! `ports`: which port is whose, and who listens on it.

use super::{Context, Error, Record, identity};
use crate::infra;
use crate::project::AgentId;
use crate::report::{Failure, PortRow, Ports};
use crate::system::PortHolder;
use crate::system::proc::{Listeners, is_of_stack, marker_value};

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
    if only.is_none() {
        for service in infra::status(&context.home).await?.services {
            let row = |port: &u16| (None, service.name.clone(), *port, "infra".to_owned());
            rows.extend(service.ports.iter().map(row));
        }
    }
    rows.sort_by_key(|(_, _, port, _)| *port);
    // one look at all sockets answers for every port
    let listeners = Listeners::read();
    let ports = rows
        .into_iter()
        .map(|(agent, name, port, stack)| {
            let holder = PortHolder::among(&listeners, port);
            let pid = holder.as_ref().and_then(|holder| holder.pid);
            let own = pid.map(|pid| is_of_stack(pid, &marker_value(context.home.id(), &stack)));
            let listening = holder.is_some();
            let (pid, command) = holder.map_or((None, None), |PortHolder { pid, command }| (pid, Some(command)));
            PortRow { agent, name, port, listening, pid, command, own }
        })
        .collect();
    Ok(Ports { schema: "harness/ports/1".to_owned(), ports })
}
