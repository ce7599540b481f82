//! `url`: the addresses of an agent's ports.

use std::collections::BTreeMap;

use super::{Context, Error, undone};
use crate::project::AgentId;
use crate::report::{Failure, Urls};

/// The URLs of an agent, or the one called `name`.
///
/// # Errors
/// There is no such agent, or no such port.
pub fn urls(context: &Context, agent: AgentId, name: Option<&str>) -> Result<Urls, Failure> {
    let record = undone::existing(context, agent)?;
    let mut urls = record.urls();
    let mut ports = record.ports;
    if let Some(name) = name {
        let known: Vec<String> = ports.keys().cloned().collect();
        let Some(port) = ports.get(name).copied() else {
            return Err(Error::UnknownPort { agent, name: name.to_owned(), known }.into());
        };
        urls = BTreeMap::from([(name.to_owned(), format!("http://localhost:{port}"))]);
        ports = BTreeMap::from([(name.to_owned(), port)]);
    }
    Ok(Urls { schema: "harness/url/1".to_owned(), agent: agent.get(), urls, ports })
}
