//! The forwarder as a process of an agent's stack.

use std::net::IpAddr;
use std::path::Path;

use super::entry::COMMAND;
use crate::infra::record::InfraRecord;
use crate::report::Engine;
use crate::supervisor::{ProcessSpec, StopSpec};

/// Its name in a stack.
const NAME: &str = "browser-way-back";

/// The process that lets the browser reach these ports of an application of this machine: its name and what it is.
/// `None` where no container needs it. `harness` is the program, `directory` any directory that exists.
pub fn process(
    record: &InfraRecord,
    ports: &[u16],
    harness: &Path,
    directory: &Path,
) -> Option<(&'static str, ProcessSpec)> {
    let needed = record.engine == Engine::Docker && record.hostings.browser.own().is_some() && !ports.is_empty();
    // an engine in a virtual machine has its own route to this machine
    let address: IpAddr =
        record.docker.gateway.as_ref().filter(|_| needed && cfg!(target_os = "linux"))?.parse().ok()?;
    let mut command = vec![harness.display().to_string(), COMMAND.to_owned(), address.to_string()];
    command.extend(ports.iter().map(u16::to_string));
    // it must have none of these ports: it listens only while the application does
    let spec = ProcessSpec {
        shutdown: StopSpec { timeout_seconds: 2.0, ..StopSpec::default() },
        ..ProcessSpec::kept_running(command, directory.to_owned())
    };
    Some((NAME, spec))
}
