//! The shared servers: which, and why; and their ports.

use crate::agent::worktree::spare as spare_tree;
use crate::agent::{Context, client_programs};
use crate::infra::{self, Engine, InfraRecord, PortOwners};
use crate::postgres::background;
use crate::project::{InfraPort, Project, Service};
use crate::report::{Area, Diagnostic, Failure, Finding, InfraStatus, Level, RECORD_LOST, ServerState};
use crate::system;

pub(super) async fn examine(context: &Context, project: Option<&Project>) -> Result<Vec<Finding>, Failure> {
    let mut findings = Vec::new();
    let record = match InfraRecord::read(&context.home) {
        Ok(record) => record,
        Err(error) => {
            let hint = error.hint().unwrap_or_else(|| RECORD_LOST.to_owned());
            return Ok(vec![Finding::bad(Area::Servers, Level::Error, error.to_string(), hint)]);
        }
    };
    let Some(record) = record else {
        findings.extend(before(project).await);
        return Ok(findings);
    };
    let status = infra::status(&context.home).await?;
    findings.extend(status.reasons.iter().map(|reason| Finding::ok(Area::Servers, reason.clone())));
    if let Some(project) = project {
        let drift = infra::drift(&record, &project.infra);
        let hint = "keep it, or run `harness teardown --infra`, then `harness setup`";
        findings.extend(drift.into_iter().map(|drift| Finding::bad(Area::Servers, Level::Warning, drift, hint)));
    }
    for service in &status.services {
        let version = service.version.as_ref().map_or_else(String::new, |version| format!(" ({version})"));
        let message = format!("{}: {}{version}", service.name, service.state);
        let reason = service.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
        findings.push(match service.state {
            ServerState::Ready | ServerState::Disabled | ServerState::External => Finding::ok(Area::Servers, message),
            ServerState::Absent | ServerState::Stopped | ServerState::Starting | ServerState::Unsupervised => {
                Finding::bad(Area::Servers, Level::Warning, format!("{message}{reason}"), "run `harness setup`")
            }
            _ => {
                let hint = format!("run `harness logs --infra {}`, then `harness setup`", service.name);
                Finding::bad(Area::Servers, Level::Error, format!("{message}{reason}"), hint)
            }
        });
    }
    findings.extend(spares(context));
    findings.extend(replaced(context));
    findings.extend(spare_trees(context));
    if let Ok(Some(infra)) = infra::open(&context.home).await {
        findings.extend(client_programs::missing(&infra, &context.variable("PATH").unwrap_or_default()).await);
    }
    let owners = PortOwners::read(&context.home, &status.services)?;
    let is_ours = |port: u16| owners.of(port, "infra").is_some_and(|owner| owner.own == Some(true));
    let foreign = record.ports().into_iter().filter(|(_, number, _)| !is_ours(*number));
    findings.extend(foreign.filter_map(|(port, number, _)| taken(port, number)));
    findings.extend(browser_way(context, &record, &status).await);
    Ok(findings)
}

/// Why the last spares could not be made: it happened in the background.
fn spares(context: &Context) -> Option<Finding> {
    let said = std::fs::read_to_string(context.home.infra_dir().join(background::SPARES_LOG)).ok()?;
    let message = format!("the last spares could not be made: {}", said.lines().next()?);
    let hint = "launches clone instead; free disk space, or see `harness logs --infra db`; `spares = 0` in `[database]` \
                makes none";
    Some(Finding::bad(Area::Servers, Level::Warning, message, hint))
}

/// Why the last database that was replaced could not be dropped.
fn replaced(context: &Context) -> Option<Finding> {
    let said = std::fs::read_to_string(context.home.infra_dir().join(background::DROP_LOG)).ok()?;
    let message = format!("the last database that was replaced could not be dropped: {}", said.lines().next()?);
    Some(Finding::bad(Area::Servers, Level::Warning, message, "run `harness gc`"))
}

/// Why the last spare work tree could not be made.
fn spare_trees(context: &Context) -> Option<Finding> {
    let said = std::fs::read_to_string(spare_tree::directory(&context.home).join(spare_tree::LOG)).ok()?;
    let message = format!("the last spare work tree could not be made: {}", said.lines().next()?);
    let hint = "launches make theirs instead; `spare = 0` in `[worktree]` makes none";
    Some(Finding::bad(Area::Servers, Level::Warning, message, hint))
}

/// Whether the browser in its container reaches applications of this machine, which a firewall may forbid.
async fn browser_way(context: &Context, record: &InfraRecord, status: &InfraStatus) -> Option<Finding> {
    let name = Service::Browser.name();
    let is_ready = status.services.iter().any(|row| row.name == name && row.state == ServerState::Ready);
    if !is_ready || record.engine != Engine::Docker {
        return None;
    }
    match infra::docker::browser_reaches_host(&context.home, record).await {
        Ok(None) => None,
        Ok(Some(true)) => Some(Finding::ok(Area::Servers, format!("{name}: reaches applications of this machine"))),
        Ok(Some(false)) => {
            let bridge = infra::docker::bridge(&context.home, record).await.ok().flatten();
            let bridge = bridge.unwrap_or_else(|| "BRIDGE".to_owned());
            let message = format!(
                "{name}: cannot reach applications of this machine from its container: a firewall rejects what comes in \
                 on `{bridge}`"
            );
            let hint = format!("run `ufw allow in on {bridge}`, or `iptables -I INPUT -i {bridge} -j ACCEPT`");
            Some(Finding::bad(Area::Servers, Level::Error, message, hint))
        }
        Err(error) => {
            Some(Finding::bad(Area::Servers, Level::Warning, format!("{name}: {error}"), "run `harness setup`"))
        }
    }
}

/// Nothing was set up yet: what there is to choose from.
async fn before(project: Option<&Project>) -> Vec<Finding> {
    let mut findings = vec![Finding::ok(
        Area::Servers,
        "the shared servers are not set up yet: run `harness setup` or `harness launch`",
    )];
    let (found, passed_over) = infra::installed_postgres().await;
    findings.extend(found.into_iter().map(|found| Finding::ok(Area::Servers, found)));
    if findings.len() == 1 {
        findings.push(Finding::ok(
            Area::Servers,
            "no PostgreSQL 15 or newer is installed: the native engine downloads one",
        ));
    }
    findings.extend(passed_over.into_iter().map(|why| Finding::ok(Area::Servers, format!("passed over: {why}"))));
    let ports = project.map(|project| InfraPort::ALL.map(|port| (port, project.infra.ports.get(port))));
    findings.extend(ports.into_iter().flatten().filter_map(|(port, number)| taken(port, number)));
    findings
}

/// A port that another program uses.
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
    Some(Finding::bad(
        Area::Ports,
        Level::Error,
        message,
        format!("stop it, or set {} to another port", port.variable()),
    ))
}
