//! `infra/record.json`: what was decided for this home at the first `setup`, and what was learnt since.
//!
//! It is written before anything that depends on it is made (the admin password before `initdb`), so that a
//! crash at any point leaves a home that the next `ensure` can finish. Mode 0600: it holds passwords.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::added::{AddedFile, AddedService};
use super::service;
use crate::project::{Durability, InfraPort};
pub use crate::report::Engine;
use crate::system::{self, Home, Secret, ServiceUser, Versioned, read_versioned, write_versioned};

/// How a service of this home is provided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hosting<T> {
    /// Nobody has asked for it yet.
    Disabled,
    /// A server that the user gave by URL; it may hold a password.
    External(Secret),
    /// The engine runs it.
    Own(T),
}

impl<T> Hosting<T> {
    /// The record of a service that the engine runs.
    pub fn own(&self) -> Option<&T> {
        match self {
            Self::Own(record) => Some(record),
            Self::Disabled | Self::External(_) => None,
        }
    }

    /// The same, to change.
    pub fn own_mut(&mut self) -> Option<&mut T> {
        match self {
            Self::Own(record) => Some(record),
            Self::Disabled | Self::External(_) => None,
        }
    }
}

/// How each server of a home is provided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hostings {
    /// PostgreSQL.
    pub postgres: Hosting<PostgresRecord>,
    /// The S3 server.
    pub s3: Hosting<S3Record>,
    /// The mail catcher.
    pub mail: Hosting<MailRecord>,
    /// The browser.
    pub browser: Hosting<BrowserRecord>,
}

/// The document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InfraRecord {
    /// What runs the servers.
    pub engine: Engine,
    /// Why that engine, in one line.
    pub engine_reason: String,
    /// False until all was up once, and after `teardown --infra`: the next `ensure` decides anew whatever the kept
    /// data allows.
    pub settled: bool,
    /// False until all was up once: before that nothing of any agent can live here.
    #[serde(default = "in_service")]
    pub served: bool,
    /// The user of the native servers, when harness is root.
    pub service_user: Option<ServiceUser>,
    /// Made once and never changed: kept data knows them.
    pub credentials: Credentials,
    /// How each server is provided.
    #[serde(flatten)]
    pub hostings: Hostings,
    /// Whether an external S3 server makes keys for agents; without, all are given those of its URL.
    #[serde(default)]
    pub s3_makes_keys: bool,
    /// Clusters that a host crash took, oldest first.
    #[serde(default)]
    pub lost: Vec<LostCluster>,
    /// What only the docker engine needs.
    #[serde(default)]
    pub docker: DockerRecord,
}

/// What the docker engine has decided for this home.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DockerRecord {
    /// The compose project: its name is part of the names of containers, network and volumes.
    pub compose_project: String,
    /// Memory limits that the project asked for, in bytes, by service.
    pub memory: BTreeMap<String, u64>,
    /// Major version of PostgreSQL in the image that the volume was first used with.
    pub postgres_major: Option<u32>,
    /// The address of this machine on the containers' network.
    pub gateway: Option<String>,
    /// The services of a user's own compose file.
    #[serde(default)]
    pub added: Option<AddedFile>,
}

/// What records from before [`InfraRecord::served`] are taken for.
fn in_service() -> bool {
    true
}

impl InfraRecord {
    /// The services of a user's own compose file.
    pub fn added_services(&self) -> &[AddedService] {
        self.docker.added.as_ref().map_or(&[], |added| &added.services)
    }
}

/// The administrators of the home's own servers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// PostgreSQL's first role.
    pub postgres_user: String,
    /// Its password.
    pub postgres_password: Secret,
    /// The root key of S3.
    pub s3_access_key: String,
    /// Its secret.
    pub s3_secret_key: Secret,
    /// What a container's browser is asked with.
    pub browser_token: Secret,
}

impl Credentials {
    /// Fresh ones.
    pub(super) fn generate() -> Self {
        Self {
            postgres_user: "postgres".to_owned(),
            postgres_password: Secret::generate(),
            s3_access_key: "harness-root".to_owned(),
            s3_secret_key: Secret::generate(),
            browser_token: Secret::generate(),
        }
    }
}

/// The home's PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostgresRecord {
    /// Host port.
    pub port: u16,
    /// `fast` or `safe`.
    pub durability: Durability,
    /// Further server settings of the project that set infra up.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// The cluster's own identity; `None` until it was first reached.
    pub system_identifier: Option<String>,
    /// The programs of the native engine.
    pub binaries: Option<BinariesRecord>,
    /// The image of the docker engine.
    pub image: Option<String>,
}

/// The PostgreSQL programs that the native engine runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BinariesRecord {
    /// Directory of `postgres` and `initdb`.
    pub bin_dir: PathBuf,
    /// `15.18`.
    pub version: String,
    /// `15`.
    pub major: u32,
    /// Directory of the `*.control` files.
    pub extension_dir: PathBuf,
    /// Why these, in one line.
    pub reason: String,
}

/// The home's S3 server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct S3Record {
    /// Host port of the API.
    pub port: u16,
    /// Host port of the console; only a container has one.
    pub console_port: u16,
    /// The image of the docker engine.
    pub image: Option<String>,
}

/// The home's mail catcher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailRecord {
    /// Host port of SMTP.
    pub smtp_port: u16,
    /// Host port of page and API.
    pub web_port: u16,
    /// The `mailpit` program; `None` is the embedded server.
    pub program: Option<PathBuf>,
    /// The image of the docker engine.
    pub image: Option<String>,
}

/// The home's browser.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrowserRecord {
    /// Host port of its debugging protocol.
    pub port: u16,
    /// Chromium; `None` when none was found, and then there is no browser.
    pub program: Option<PathBuf>,
    /// The image of the docker engine.
    pub image: Option<String>,
}

/// A cluster that was lost to a host crash under `durability = "fast"`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LostCluster {
    /// Its identity, as agents' records name it.
    pub system_identifier: String,
    /// Where its data directory was moved.
    pub moved_to: PathBuf,
    /// When that was noticed, RFC 3339.
    pub noticed_at: String,
}

impl Versioned for InfraRecord {
    const WHAT: &'static str = "infra record";
    const VERSION: u32 = 1;
}

impl InfraRecord {
    /// Where it is kept.
    pub fn path(home: &Home) -> PathBuf {
        home.infra_dir().join("record.json")
    }

    /// Reads it; `None` before the first `setup`.
    pub fn read(home: &Home) -> system::Result<Option<Self>> {
        read_versioned(&Self::path(home))
    }

    /// Writes it.
    pub fn write(&self, home: &Home) -> system::Result<()> {
        write_versioned(&Self::path(home), self)
    }

    /// The ports that its own services hold, each with the service's name.
    pub fn ports(&self) -> Vec<(InfraPort, u16, &'static str)> {
        let mut ports = Vec::new();
        if let Some(postgres) = self.hostings.postgres.own() {
            ports.push((InfraPort::Postgres, postgres.port, service::DB));
        }
        if let Some(s3) = self.hostings.s3.own() {
            ports.push((InfraPort::S3, s3.port, service::S3));
            if self.engine == Engine::Docker {
                ports.push((InfraPort::S3Console, s3.console_port, service::S3));
            }
        }
        if let Some(mail) = self.hostings.mail.own() {
            ports.push((InfraPort::Smtp, mail.smtp_port, service::MAIL));
            ports.push((InfraPort::MailWeb, mail.web_port, service::MAIL));
        }
        if let Some(browser) = self.hostings.browser.own().filter(|browser| browser.runs(self.engine)) {
            ports.push((InfraPort::Browser, browser.port, service::BROWSER));
        }
        ports
    }

    /// Refuses what only another engine can do.
    ///
    /// # Errors
    /// The home has the other engine.
    pub fn check_engine(&self, wanted: Engine) -> super::Result<()> {
        if self.engine == wanted {
            return Ok(());
        }
        let reason = format!("the servers of this home run on engine `{}`", self.engine.as_str());
        Err(super::Error::Engine { engine: wanted.as_str(), reason })
    }

    /// The image of a service's container.
    pub fn image(&self, service: &str) -> Option<&str> {
        let image = match service {
            service::DB => &self.hostings.postgres.own()?.image,
            service::S3 => &self.hostings.s3.own()?.image,
            service::MAIL => &self.hostings.mail.own()?.image,
            _ => &self.hostings.browser.own()?.image,
        };
        image.as_deref()
    }

    /// Whether a cluster with this identity was lost to a host crash, and where its files are.
    pub fn lost_cluster(&self, system_identifier: &str) -> Option<&LostCluster> {
        self.lost.iter().find(|lost| lost.system_identifier == system_identifier)
    }
}

impl PostgresRecord {
    /// The data directory of the native engine.
    pub fn data_dir(home: &Home) -> PathBuf {
        home.infra_dir().join("db/data")
    }

    /// Whether the recorded programs offer an extension.
    pub fn offers(&self, extension: &str) -> bool {
        self.binaries.as_ref().is_none_or(|binaries| has_control_file(&binaries.extension_dir, extension))
    }
}

/// Whether a directory of extensions has this one.
pub(super) fn has_control_file(extension_dir: &Path, extension: &str) -> bool {
    extension_dir.join(format!("{extension}.control")).is_file()
}

impl BrowserRecord {
    /// Whether there is anything to run: natively only where Chromium was found.
    pub fn runs(&self, engine: Engine) -> bool {
        engine == Engine::Docker || self.program.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infra::testing::record;

    #[test]
    fn a_record_survives_the_file_and_is_private() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let home = Home::open(&directory.path().join("home")).unwrap();
        assert_eq!(InfraRecord::read(&home).unwrap(), None);
        let mut written = record();
        written.hostings.mail = Hosting::External(Secret::new("smtp://user:secret@host"));
        written.hostings.browser = Hosting::Disabled;
        written.write(&home).unwrap();
        assert_eq!(InfraRecord::read(&home).unwrap(), Some(written.clone()));
        assert_eq!(InfraRecord::path(&home).metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!format!("{written:?}").contains("secret@"));
    }

    /// As a released version wrote it: `hostings` is no level of its own in the file.
    #[test]
    fn the_record_of_an_older_version_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let home = Home::open(&directory.path().join("home")).unwrap();
        let text = r#"{"version":1,"engine":"native","engine_reason":"asked","settled":true,"service_user":null,
            "credentials":{"postgres_user":"postgres","postgres_password":"p","s3_access_key":"k","s3_secret_key":"s",
            "browser_token":"t"},"postgres":{"own":{"port":15432,"durability":"fast","system_identifier":"7",
            "binaries":null,"image":null}},"s3":{"external":"http://k:s@host"},"mail":"disabled",
            "browser":{"own":{"port":13001,"program":null,"image":null}}}"#;
        std::fs::write(InfraRecord::path(&home), text).unwrap();
        let record = InfraRecord::read(&home).unwrap().unwrap();
        assert_eq!(record.hostings.postgres.own().unwrap().port, 15432);
        assert_eq!((&record.hostings.mail, record.served), (&Hosting::Disabled, true));
        record.write(&home).unwrap();
        let written: serde_json::Value =
            serde_json::from_slice(&std::fs::read(InfraRecord::path(&home)).unwrap()).unwrap();
        assert_eq!(written["s3"]["external"], "http://k:s@host");
        assert_eq!(written.get("hostings"), None);
    }

    #[test]
    fn a_damaged_or_newer_record_is_refused_by_name() {
        let directory = tempfile::tempdir().unwrap();
        let home = Home::open(&directory.path().join("home")).unwrap();
        for text in ["{\"version\": 1, \"engine\"", "", "{\"version\": 99}", "[]"] {
            std::fs::write(InfraRecord::path(&home), text).unwrap();
            let error = InfraRecord::read(&home).unwrap_err().to_string();
            assert!(error.contains("infra/record.json"), "{text}: {error}");
        }
    }

    #[test]
    fn a_service_that_does_not_run_holds_no_port() {
        let names = |record: &InfraRecord| record.ports().into_iter().map(|(_, _, name)| name).collect::<Vec<_>>();
        let mut record = record();
        assert_eq!(names(&record), ["db", "minio", "mailpit", "mailpit"]);
        record.hostings.postgres = Hosting::External(Secret::new("postgres://host"));
        record.hostings.browser.own_mut().unwrap().program = Some("/usr/bin/chromium".into());
        assert_eq!(names(&record), ["minio", "mailpit", "mailpit", "headless-browser"]);
    }
}
