//! `infra/record.json`: what was decided for this home at the first `setup`, and what was found out since.
//!
//! It is written before anything that depends on it is made (the admin password before `initdb`), so that the next
//! `ensure` can finish after a crash at any point. Mode 0600: it holds passwords.

use std::iter::repeat;

use serde::{Deserialize, Serialize};

use super::asked_engine::remember_engine;
use super::credentials::Credentials;
use super::docker_record::{AddedService, DockerRecord};
use super::error::{Error, Result};
use super::lost_cluster::LostCluster;
use super::servers::list::Hostings;
use super::servers::server::Common;
use crate::project::{InfraPort, Service};
use crate::report::Engine;
use crate::system::{self, Home, ServiceUser, Versioned, read_versioned, write_versioned};

/// The document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InfraRecord {
    /// What runs the servers.
    pub engine: Engine,
    /// Why that engine, in one line.
    pub engine_reason: String,
    /// False until all was up once, and after `teardown --infra`: the next `ensure` decides again what the kept
    /// data allows.
    pub settled: bool,
    /// False until all was up once: before that nothing of any agent can be on these servers.
    #[serde(default = "in_service")]
    pub served: bool,
    /// The user of the native servers, when harness is root.
    pub service_user: Option<ServiceUser>,
    /// Generated once and never changed: kept data knows them.
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

/// What [`InfraRecord::served`] is in a record that was written before the field existed.
fn in_service() -> bool {
    true
}

impl Versioned for InfraRecord {
    const WHAT: &'static str = "infra record";
    const VERSION: u32 = 1;
}

impl InfraRecord {
    /// Where PostgreSQL's Unix socket is, if it has one that a program of this machine can reach.
    pub fn socket_dir(&self, home: &Home) -> Option<std::path::PathBuf> {
        self.hostings.postgres.own()?.socket_dir(home).filter(|directory| directory.is_dir())
    }

    /// Where it is kept.
    pub fn path(home: &Home) -> std::path::PathBuf {
        home.infra_dir().join("record.json")
    }

    /// Where its copy is. What is lost with the record (the admin's password) is nowhere else, and the data is closed
    /// without it.
    fn copy(home: &Home) -> std::path::PathBuf {
        home.infra_dir().join("record.copy")
    }

    /// Reads it, or its copy where it is lost or damaged; `None` before the first `setup`.
    pub fn read(home: &Home) -> system::Result<Option<Self>> {
        match read_versioned(&Self::path(home)) {
            Ok(Some(record)) => Ok(Some(record)),
            Err(error @ system::Error::Newer { .. }) => Err(error),
            lost => match read_versioned(&Self::copy(home)) {
                Ok(Some(copy)) => Ok(Some(copy)),
                // the copy says no more than the record
                _ => lost,
            },
        }
    }

    /// Writes it.
    pub fn write(&self, home: &Home) -> system::Result<()> {
        write_versioned(&Self::path(home), self)?;
        write_versioned(&Self::copy(home), self)
    }

    /// Whether it can be read from its own file. One from the copy is to be written again.
    pub(super) fn is_whole(home: &Home) -> bool {
        matches!(read_versioned::<Self>(&Self::path(home)), Ok(Some(_)))
    }

    /// Removes it: nothing of the home's servers is known any more.
    pub(super) fn forget(home: &Home) -> system::Result<()> {
        // the copy first: a record that is gone while its copy is there is a lost one
        system::remove_if_exists(&Self::copy(home))?;
        remember_engine(home, None)?;
        system::remove_if_exists(&Self::path(home)).map(drop)
    }

    /// What it says to all servers.
    pub(super) fn common(&self) -> Common<'_> {
        let Self { engine, credentials, service_user, docker, .. } = self;
        Common { engine: *engine, credentials, service_user: service_user.as_ref(), docker }
    }

    /// The servers, to change, and what the record says to all of them.
    pub(super) fn split(&mut self) -> (&mut Hostings, Common<'_>) {
        let Self { engine, credentials, service_user, docker, hostings, .. } = self;
        (hostings, Common { engine: *engine, credentials, service_user: service_user.as_ref(), docker })
    }

    /// The ports that its own servers hold, each with the server's name.
    pub fn ports(&self) -> Vec<(InfraPort, u16, &'static str)> {
        let of = |service: Service| self.hostings.get(service).ports(self.engine).into_iter().zip(repeat(service));
        let ports = Service::ALL.into_iter().flat_map(of);
        ports.map(|((port, number), service)| (port, number, service.name())).collect()
    }

    /// The services of a user's own compose file.
    pub fn added_services(&self) -> &[AddedService] {
        self.docker.added.as_ref().map_or(&[], |added| &added.services)
    }

    /// The servers that the engine runs here.
    pub(super) fn own_services(&self) -> impl Iterator<Item = Service> {
        Service::ALL.into_iter().filter(|service| self.hostings.get(*service).runs(self.engine))
    }

    /// The names of all services that the engine runs here, those of a user's compose file too.
    pub fn service_names(&self) -> Vec<String> {
        let own = self.own_services().map(|service| -> &str { service.name() });
        own.chain(self.added_services().iter().map(|added| added.name.as_str())).map(str::to_owned).collect()
    }

    /// Refuses what only another engine can do.
    ///
    /// # Errors
    /// The home has the other engine.
    pub fn check_engine(&self, wanted: Engine) -> Result<()> {
        if self.engine == wanted {
            return Ok(());
        }
        let reason = format!("the servers of this home run on engine `{}`", self.engine.as_str());
        Err(Error::Engine { engine: wanted.as_str(), reason })
    }

    /// Whether a cluster with this identity was lost to a host crash, and where its files are.
    pub fn lost_cluster(&self, system_identifier: &str) -> Option<&LostCluster> {
        self.lost.iter().find(|lost| lost.system_identifier == system_identifier)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infra::hosting::Hosting;
    use crate::infra::testing::record;
    use crate::system::Secret;

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

    /// As an older version wrote it: `hostings` is no level of its own in the file, and one server is not known yet.
    #[test]
    fn the_record_of_an_older_version_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let home = Home::open(&directory.path().join("home")).unwrap();
        let text = r#"{"version":1,"engine":"native","engine_reason":"asked","settled":true,"service_user":null,
            "credentials":{"postgres_user":"postgres","postgres_password":"p","s3_access_key":"k","s3_secret_key":"s",
            "browser_token":"t"},"postgres":{"own":{"port":15432,"durability":"fast","system_identifier":"7",
            "binaries":null,"image":null}},"s3":{"external":"http://k:s@host"},
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
    fn a_lost_or_damaged_record_is_read_from_its_copy() {
        let directory = tempfile::tempdir().unwrap();
        let home = Home::open(&directory.path().join("home")).unwrap();
        let written = record();
        written.write(&home).unwrap();
        for damage in [None, Some(""), Some("{\"version\": 1, \"eng")] {
            match damage {
                None => std::fs::remove_file(InfraRecord::path(&home)).unwrap(),
                Some(text) => std::fs::write(InfraRecord::path(&home), text).unwrap(),
            }
            assert!(!InfraRecord::is_whole(&home));
            assert_eq!(InfraRecord::read(&home).unwrap().as_ref(), Some(&written), "{damage:?}");
            written.write(&home).unwrap();
            assert!(InfraRecord::is_whole(&home));
        }
        InfraRecord::forget(&home).unwrap();
        assert_eq!(InfraRecord::read(&home).unwrap(), None);
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
