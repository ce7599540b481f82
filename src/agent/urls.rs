//! `url`: the addresses of an agent's ports.

use std::collections::BTreeMap;

use super::gateway::Gateway;
use super::{Context, Error, Record, undone};
use crate::project::AgentId;
use crate::report::{Failure, Urls};

/// Which address of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UrlKind {
    /// `http://localhost:3030`.
    Port,
    /// That at the gateway: `http://web.3.board.localhost`.
    Gateway,
}

/// The URLs of an agent, or the one called `name`.
///
/// # Errors
/// There is no such agent, or no such port, or no gateway.
pub fn urls(context: &Context, agent: AgentId, name: Option<&str>, kind: UrlKind) -> Result<Urls, Failure> {
    let record = undone::existing(context, agent)?;
    let gateway = match kind {
        UrlKind::Port => None,
        UrlKind::Gateway => Some(Gateway::read(&context.home)?.ok_or(Error::NoGateway)?),
    };
    let mut ports = record.ports.clone();
    let urls = match name {
        None => record.urls().into_keys().map(|name| (name.clone(), url(&record, &name, gateway.as_ref()))).collect(),
        Some(name) => {
            let known: Vec<String> = ports.keys().cloned().collect();
            let Some(port) = ports.get(name).copied() else {
                return Err(Error::UnknownPort { agent, name: name.to_owned(), known }.into());
            };
            ports = BTreeMap::from([(name.to_owned(), port)]);
            BTreeMap::from([(name.to_owned(), url(&record, name, gateway.as_ref()))])
        }
    };
    Ok(Urls { schema: "harness/url/1".to_owned(), agent: agent.get(), urls, ports })
}

/// The URLs of all ports as templates see them: at the gateway, where the home has one that is known.
pub(super) fn in_templates(context: &Context, record: &Record) -> BTreeMap<String, String> {
    let gateway = Gateway::read(&context.home).ok().flatten();
    record.ports.keys().map(|name| (name.clone(), url(record, name, gateway.as_ref()))).collect()
}

fn url(record: &Record, name: &str, gateway: Option<&Gateway>) -> String {
    let port = record.ports.get(name).copied().unwrap_or_default();
    gateway.map_or_else(|| format!("http://localhost:{port}"), |gateway| gateway.url_to(record, name))
}
