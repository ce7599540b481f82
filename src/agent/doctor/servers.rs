//! The shared servers: which, and why; and their ports.

use crate::agent::Context;
use crate::infra::{self, InfraRecord};
use crate::project::{InfraPort, Project};
use crate::report::{Failure, Finding, Level, ServerState};
use crate::system;

const AREA: &str = "servers";
const PORTS: &str = "ports";

pub(super) async fn examine(context: &Context, project: Option<&Project>) -> Result<Vec<Finding>, Failure> {
    let mut findings = Vec::new();
    let record = match InfraRecord::read(&context.home) {
        Ok(record) => record,
        Err(error) => {
            let hint =
                format!("move `{}` elsewhere, then run `harness setup`", InfraRecord::path(&context.home).display());
            return Ok(vec![Finding::bad(AREA, Level::Error, error.to_string(), hint)]);
        }
    };
    let Some(record) = record else {
        findings.extend(before(project).await);
        return Ok(findings);
    };
    let status = infra::status(&context.home).await?;
    findings.extend(status.reasons.iter().map(|reason| Finding::ok(AREA, reason.clone())));
    if let Some(project) = project {
        let drift = infra::drift(&record, &project.infra);
        let hint = "keep it, or run `harness teardown --infra`, then `harness setup`";
        findings.extend(drift.into_iter().map(|drift| Finding::bad(AREA, Level::Warning, drift, hint)));
    }
    for service in &status.services {
        let version = service.version.as_ref().map_or_else(String::new, |version| format!(" ({version})"));
        let message = format!("{}: {}{version}", service.name, service.state);
        let reason = service.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
        findings.push(match service.state {
            ServerState::Ready | ServerState::Disabled | ServerState::External => Finding::ok(AREA, message),
            ServerState::Absent | ServerState::Stopped | ServerState::Starting => {
                Finding::bad(AREA, Level::Warning, format!("{message}{reason}"), "run `harness setup`")
            }
            _ => {
                let hint = format!("run `harness logs --infra {}`, then `harness setup`", service.name);
                Finding::bad(AREA, Level::Error, format!("{message}{reason}"), hint)
            }
        });
    }
    let running = |name: &str| status.services.iter().any(|service| service.name == name && service.pid.is_some());
    let own = record.ports().into_iter();
    findings
        .extend(own.filter(|(_, _, service)| !running(service)).filter_map(|(port, number, _)| taken(port, number)));
    Ok(findings)
}

/// Nothing was set up yet: what there is to choose from.
async fn before(project: Option<&Project>) -> Vec<Finding> {
    let mut findings =
        vec![Finding::ok(AREA, "the shared servers are not set up yet: run `harness setup` or `harness launch`")];
    let (found, passed_over) = infra::installed_postgres().await;
    findings.extend(found.into_iter().map(|found| Finding::ok(AREA, found)));
    if findings.len() == 1 {
        findings.push(Finding::ok(AREA, "no PostgreSQL 15 or newer is installed: the native engine downloads one"));
    }
    findings.extend(passed_over.into_iter().map(|why| Finding::ok(AREA, format!("passed over: {why}"))));
    let ports = project.map(|project| InfraPort::ALL.map(|port| (port, project.infra.ports.get(port))));
    findings.extend(ports.into_iter().flatten().filter_map(|(port, number)| taken(port, number)));
    findings
}

/// A port that somebody else has.
fn taken(port: InfraPort, number: u16) -> Option<Finding> {
    if system::is_bindable(number) {
        return None;
    }
    let holder = system::port_holder(number);
    let who = holder.map_or_else(
        || "another user's process".to_owned(),
        |holder| holder.pid.map_or(holder.command.clone(), |pid| format!("pid {pid} ({})", holder.command)),
    );
    let message = format!("port {number} ({}) is in use by {who}", port.variable());
    Some(Finding::bad(PORTS, Level::Error, message, format!("stop it, or set {} to another port", port.variable())))
}
