//! What the tests of this module start from: settings and a record that agree.

use std::path::PathBuf;

use super::credentials::Credentials;
use super::docker_record::DockerRecord;
use super::hosting::Hosting;
use super::record::InfraRecord;
use super::servers::list::Hostings;
use super::servers::postgres::{BinariesRecord, PostgresRecord};
use super::servers::server::Server;
use crate::project::{EngineChoice, InfraPorts, InfraSettings, PortSource, PostgresSettings, ServiceSettings};
use crate::report::Engine;

/// A project that leaves every key at its default.
pub(super) fn settings() -> InfraSettings {
    InfraSettings {
        engine: EngineChoice::Native,
        compose_project: "agent-infra".to_owned(),
        compose: None,
        services: std::array::from_fn(|_| ServiceSettings::default()),
        postgres: PostgresSettings::default(),
        browser_token: None,
        ports: InfraPorts::DEFAULT,
        port_sources: std::array::from_fn(|_| PortSource::Default),
    }
}

/// A home that runs all of it natively.
pub(super) fn record() -> InfraRecord {
    let ports = InfraPorts::DEFAULT;
    let binaries = BinariesRecord {
        bin_dir: PathBuf::from("/usr/lib/postgresql/15/bin"),
        version: "15.18".to_owned(),
        major: 15,
        extension_dir: PathBuf::from("/usr/share/postgresql/15/extension"),
        reason: "newest installed".to_owned(),
    };
    InfraRecord {
        engine: Engine::Native,
        engine_reason: "the configuration asks for it".to_owned(),
        settled: true,
        served: true,
        service_user: None,
        credentials: Credentials::generate(),
        hostings: Hostings {
            postgres: Hosting::Own(PostgresRecord {
                system_identifier: Some("7710577484846198135".to_owned()),
                binaries: Some(binaries),
                ..Server::at(&ports)
            }),
            ..Hostings::at(&ports)
        },
        s3_makes_keys: false,
        lost: Vec::new(),
        docker: DockerRecord::default(),
    }
}
