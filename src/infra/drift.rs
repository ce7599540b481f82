//! What a project configures otherwise than the home has decided. It changes nothing until
//! `teardown --infra` or `setup --engine` opens the decision again; until then it is only reported.

use super::record::InfraRecord;
use super::servers::hosted::{Hosted, HostingKind};
use crate::project::{EngineChoice, InfraPort, InfraSettings, PortSource};
use crate::report::Engine;

/// One line for each difference.
pub fn of(record: &InfraRecord, settings: &InfraSettings) -> Vec<String> {
    let mut drift = Vec::new();
    let wished = match settings.engine {
        EngineChoice::Auto => None,
        EngineChoice::Docker => Some(Engine::Docker),
        EngineChoice::Native => Some(Engine::Native),
    };
    if let Some(engine) = wished.filter(|engine| *engine != record.engine) {
        drift.push(differs("engine", record.engine.as_str(), engine.as_str()));
    }
    drift.extend(ports(record, settings));
    if let (Some(added), Some(wished)) = (&record.docker.added, &settings.compose)
        && std::fs::read_to_string(wished).is_ok_and(|text| text != added.text)
    {
        let file = wished.display();
        drift.push(format!(
            "`{file}` has changed since `setup`; apply it with `harness teardown --infra` and `harness setup`"
        ));
    }
    for server in record.hostings.all() {
        drift.extend(hosting(server, settings));
        let wish = server.settings(settings);
        if !wish.disabled && wish.url.is_none() {
            let lines = server.drift(settings);
            drift.extend(lines.iter().map(|line| differs(&line.what, &line.there, &line.wished)));
        }
    }
    drift
}

fn differs(what: &str, there: &str, wished: &str) -> String {
    format!("{what} is {there} in this home, but {wished} in the project")
}

/// Ports that the user chose; a default differs from nothing.
fn ports(record: &InfraRecord, settings: &InfraSettings) -> Vec<String> {
    let recorded = record.ports();
    InfraPort::ALL
        .into_iter()
        .zip(&settings.port_sources)
        .filter(|(_, source)| **source != PortSource::Default)
        .filter_map(|(port, _)| {
            let (_, there, _) = recorded.iter().find(|(known, _, _)| *known == port)?;
            let wished = settings.ports.get(port);
            (*there != wished)
                .then(|| differs(&format!("port of {}", port.name()), &there.to_string(), &wished.to_string()))
        })
        .collect()
}

fn hosting(server: &dyn Hosted, settings: &InfraSettings) -> Option<String> {
    let wish = server.settings(settings);
    match (server.kind(), &wish.url) {
        _ if wish.disabled => None,
        (HostingKind::Own, Some(_)) => Some(differs(server.table(), "run by harness", "an external server")),
        (HostingKind::External(_), None) => Some(differs(server.table(), "an external server", "one run by harness")),
        (HostingKind::External(url), Some(wished)) if url.expose() != wished => {
            Some(differs(server.table(), "an external server", "another external server"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::infra::testing::{record, settings};
    use crate::project::{Durability, Service};

    #[test]
    fn what_nobody_asked_for_is_no_drift() {
        let mut other = settings();
        other.engine = EngineChoice::Auto;
        other.ports.set(InfraPort::Postgres, 25432);
        other.service_mut(Service::Mail).disabled = true;
        assert_eq!(of(&record(), &other), Vec::<String>::new());
    }

    #[test]
    fn every_wish_that_differs_is_one_line_with_both_values() {
        let mut other = settings();
        other.engine = EngineChoice::Docker;
        other.ports.set(InfraPort::Postgres, 25432);
        other.port_sources[0] = PortSource::Environment("AGENT_DB_PORT");
        other.postgres.durability = Durability::Safe;
        other.postgres.settings.insert("work_mem".into(), "7MB".into());
        other.postgres.bin_dir = Some(PathBuf::from("/elsewhere/bin"));
        other.browser_token = Some(false);
        other.service_mut(Service::S3).url = Some("https://key:hunter2@s3.example".into());
        let drift = of(&record(), &other);
        let text = drift.join("\n");
        for (there, wished) in [
            ("native", "docker"),
            ("15432", "25432"),
            ("fast", "safe"),
            ("not set", "7MB"),
            ("asked for", "not asked for"),
            ("/usr/lib/postgresql/15/bin", "/elsewhere/bin"),
            ("run by harness", "an external server"),
        ] {
            assert!(drift.iter().any(|line| line.contains(there) && line.contains(wished)), "{there}: {text}");
        }
        assert_eq!(drift.len(), 7, "{text}");
        assert!(!text.contains("hunter2"));
    }
}
