//! Does the browser in its container reach an application of this machine? A firewall that drops what comes from the
//! containers' network (the default policy of ufw) prevents it, and nothing else shows that.

use std::net::IpAddr;
use std::time::Duration;

use tokio::net::TcpListener;

use super::connect::connect;
use super::exec::{ExecRequest, exec};
use super::names::Project;
use super::resources::network;
use crate::infra::error::docker::Result;
use crate::infra::record::InfraRecord;
use crate::project::Service;
use crate::system::{Deadline, Home};

/// For the attempt. A firewall that drops packets lets it wait.
const PATIENCE: Duration = Duration::from_secs(4);

/// The interface on which packets of the containers come in, for whoever changes the firewall.
///
/// # Errors
/// The engine does not answer.
pub async fn bridge(home: &Home, record: &InfraRecord) -> Result<Option<String>> {
    let network = network(&connect().await?, &Project::of(home, record)).await?;
    Ok(network.and_then(|network| network.bridge))
}

/// Tries the route that the forwarder serves: from inside the container to the address of this machine on its network.
/// `None` where there is no such route to try, or the container has no program for it.
///
/// # Errors
/// The engine or the container does not answer.
pub async fn browser_reaches_host(home: &Home, record: &InfraRecord) -> Result<Option<bool>> {
    let gateway = record.docker.gateway.as_ref().filter(|_| cfg!(target_os = "linux"));
    let Some(address) = gateway.and_then(|gateway| gateway.parse::<IpAddr>().ok()) else { return Ok(None) };
    // an engine in a virtual machine has the address there
    let Ok(listener) = TcpListener::bind((address, 0)).await else { return Ok(None) };
    let Ok(port) = listener.local_addr().map(|address| address.port()) else { return Ok(None) };
    let script = format!(
        "command -v curl >/dev/null || exit 9; curl -s -o /dev/null --connect-timeout {} http://{address}:{port}/; exit 0",
        PATIENCE.as_secs() - 1
    );
    let command = ["sh".to_owned(), "-c".to_owned(), script];
    let service = Service::Browser.name();
    let request = ExecRequest { service, command: &command, environment: Vec::new(), input: None, terminal: None };
    let docker = connect().await?;
    let project = Project::of(home, record);
    let attempt = exec(&docker, &project, request, |_, _| {});
    let accepted = Deadline::after("the browser's connection", PATIENCE);
    tokio::select! {
        connection = accepted.run(listener.accept()) => Ok(Some(matches!(connection, Ok(Ok(_))))),
        code = attempt => match code? {
            9 => Ok(None),
            _ => Ok(Some(false)),
        },
    }
}
