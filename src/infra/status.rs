//! What `status` and `infra ps` say of the shared servers.

use super::ensure::is_own;
use super::error::Result;
use super::record::{InfraRecord, Place};
use super::service;
use crate::report::{InfraStatus, ServiceRow};
use crate::supervisor::{Client, Phase, StackSnapshot};
use crate::system::Home;

/// Every service of the home, whether it runs or not. Starts nothing.
pub async fn status(home: &Home) -> Result<InfraStatus> {
    let Some(record) = InfraRecord::read(home)? else {
        let (reasons, drift, services) = (Vec::new(), Vec::new(), Vec::new());
        return Ok(InfraStatus { state: "absent".to_owned(), engine: None, reasons, drift, services });
    };
    let snapshot = match Client::connect(&home.infra_dir())? {
        Some(client) => Some(client.snapshot().await?),
        None => None,
    };
    let services: Vec<ServiceRow> =
        service::ALL.into_iter().map(|name| row(name, &record, snapshot.as_ref())).collect();
    let own = || services.iter().filter(|row| is_own(&record, &row.name));
    let state = if own().all(|row| row.state == "ready") {
        "running"
    } else if own().all(|row| row.state == "stopped") {
        "stopped"
    } else {
        "degraded"
    };
    Ok(InfraStatus {
        state: state.to_owned(),
        engine: Some(record.engine.as_str().to_owned()),
        reasons: reasons(&record),
        drift: Vec::new(),
        services,
    })
}

fn reasons(record: &InfraRecord) -> Vec<String> {
    let mut reasons = vec![format!("engine {}: {}", record.engine.as_str(), record.engine_reason)];
    if let Some(binaries) = record.postgres.own().and_then(|own| own.binaries.as_ref()) {
        let place = binaries.bin_dir.display();
        reasons.push(format!("PostgreSQL {} in {place}: {}", binaries.version, binaries.reason));
    }
    for lost in &record.lost {
        let place = lost.moved_to.display();
        reasons
            .push(format!("a cluster was lost to a host crash, noticed {}: its files are in {place}", lost.noticed_at));
    }
    reasons
}

fn row(name: &str, record: &InfraRecord, snapshot: Option<&StackSnapshot>) -> ServiceRow {
    let process = snapshot.and_then(|snapshot| snapshot.processes.get(name));
    let kind = match name {
        service::DB => kind(&record.postgres),
        service::S3 => kind(&record.s3),
        service::MAIL => kind(&record.mail),
        _ => kind(&record.browser),
    };
    let state = match (kind, process) {
        (Kind::Disabled, _) => "disabled".to_owned(),
        (Kind::External, _) => "external".to_owned(),
        (Kind::Own, _) if !is_own(record, name) => "absent".to_owned(),
        (Kind::Own, Some(process)) => phase(process.phase),
        (Kind::Own, None) => "stopped".to_owned(),
    };
    let own = is_own(record, name);
    ServiceRow {
        name: name.to_owned(),
        version: if own { version(name, record) } else { None },
        pid: process.and_then(|process| Some(process.process.as_ref()?.pid)),
        ports: record.ports().into_iter().filter(|(_, _, service)| *service == name).map(|(_, port, _)| port).collect(),
        reason: match process {
            Some(process) => process.reason.clone(),
            None if state == "absent" => Some("no Chromium was found".to_owned()),
            None => None,
        },
        state,
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Disabled,
    External,
    Own,
}

fn kind<T>(place: &Place<T>) -> Kind {
    match place {
        Place::Disabled => Kind::Disabled,
        Place::External(_) => Kind::External,
        Place::Own(_) => Kind::Own,
    }
}

fn version(name: &str, record: &InfraRecord) -> Option<String> {
    match name {
        service::DB => Some(format!("PostgreSQL {}", record.postgres.own()?.binaries.as_ref()?.version)),
        service::S3 => Some("embedded".to_owned()),
        service::MAIL => Some(match &record.mail.own()?.program {
            Some(program) => program.display().to_string(),
            None => "embedded".to_owned(),
        }),
        _ => Some(record.browser.own()?.program.as_ref()?.display().to_string()),
    }
}

/// A phase as documents write it.
fn phase(phase: Phase) -> String {
    serde_json::to_value(phase).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
