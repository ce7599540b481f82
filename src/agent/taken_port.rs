//! Ports of an agent that another program listens on, as an error names them.

use crate::project::AgentId;
use crate::system::PortHolder;
use crate::system::text::count;

/// A port of an agent that another program has.
#[derive(Debug)]
pub struct TakenPort {
    /// Its name in `[ports]`.
    pub name: String,
    /// The port.
    pub port: u16,
    /// Who has it, where that is known.
    pub holder: Option<PortHolder>,
}

pub(super) fn in_use(agent: AgentId, taken: &[TakenPort]) -> String {
    match taken {
        [one] => format!(
            "port {} (`{}` of agent {agent}) is in use by {}",
            one.port,
            one.name,
            holder_text(one.holder.as_ref())
        ),
        several => format!("{} of agent {agent} are in use", count(several.len(), "port")),
    }
}

pub(super) fn holder_text(holder: Option<&PortHolder>) -> String {
    match holder {
        Some(PortHolder { pid: Some(pid), command }) => format!("pid {pid} (`{command}`)"),
        Some(PortHolder { pid: None, .. }) => "a process of another user".to_owned(),
        None => "a process that has ended since".to_owned(),
    }
}
