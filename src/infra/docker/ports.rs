//! Before a container is started: does another process listen on its host ports?

use std::collections::HashMap;

use bollard::Docker;
use bollard::query_parameters::ListContainersOptionsBuilder;

use super::connect::connect;
use super::observed;
use crate::infra::error::{Result, TakenPort};
use crate::infra::ports;
use crate::infra::record::InfraRecord;
use crate::project::Service;
use crate::system::{PortHolder, is_bindable, port_holder};

/// Checks the ports of these services.
///
/// # Errors
/// Lists every port that is in use, with the container or the process that has it.
pub(in crate::infra) async fn check_ports(record: &InfraRecord, services: &[Service]) -> Result<()> {
    let mut taken = Vec::new();
    for (port, number, service) in record.ports() {
        if !services.iter().any(|wanted| wanted.name() == service) || is_bindable(number) {
            continue;
        }
        // the process is the engine's proxy: the container is more useful
        let holder = match publisher(&connect().await?, number).await {
            Some(name) => Some(PortHolder { pid: None, command: format!("container `{name}`") }),
            None => port_holder(number),
        };
        taken.push(TakenPort { service, port: number, variable: port.variable(), holder });
    }
    ports::refuse(taken)
}

/// The container that publishes a port of this machine.
async fn publisher(docker: &Docker, port: u16) -> Option<String> {
    let filter = port.to_string();
    let filters = HashMap::from([("publish", vec![filter.as_str()])]);
    let options = ListContainersOptionsBuilder::new().filters(&filters).build();
    docker.list_containers(Some(options)).await.ok()?.first().map(observed::name)
}
