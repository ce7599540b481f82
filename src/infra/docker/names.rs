//! Names and labels of what harness makes on an engine: those of docker compose, so that its commands see it, and
//! harness's own, which alone decide for harness.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use crate::infra::compose::{self, ComposeService};
use crate::infra::record::InfraRecord;
use crate::system::Home;

/// The label that says which home made a thing. The compose file sets it.
pub(super) const HOME: &str = "harness.home";

pub(super) const PROJECT: &str = "com.docker.compose.project";
pub(super) const SERVICE: &str = "com.docker.compose.service";
pub(super) const CONFIG_HASH: &str = "com.docker.compose.config-hash";
pub(super) const IMAGE: &str = "com.docker.compose.image";
const NUMBER: &str = "com.docker.compose.container-number";
const ONEOFF: &str = "com.docker.compose.oneoff";
const DEPENDS_ON: &str = "com.docker.compose.depends_on";
const VERSION: &str = "com.docker.compose.version";
const WORKING_DIR: &str = "com.docker.compose.project.working_dir";
const CONFIG_FILES: &str = "com.docker.compose.project.config_files";
const ENVIRONMENT_FILE: &str = "com.docker.compose.project.environment_file";
const NETWORK: &str = "com.docker.compose.network";
const VOLUME: &str = "com.docker.compose.volume";
/// The version of docker compose whose labels these are.
const COMPOSE_VERSION: &str = "2.40.0";

/// A compose project of one home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Project {
    /// `agent-infra`.
    pub(super) name: String,
    /// The home's id.
    pub(super) home: String,
}

impl Project {
    pub(super) fn of(home: &Home, record: &InfraRecord) -> Self {
        Self { name: record.docker.compose_project.clone(), home: home.id().to_owned() }
    }

    pub(super) fn container(&self, service: &str) -> String {
        format!("{}-{service}-1", self.name)
    }

    pub(super) fn volume(&self, key: &str) -> String {
        format!("{}_{key}", self.name)
    }

    pub(super) fn network(&self) -> String {
        format!("{}_default", self.name)
    }

    pub(super) fn container_labels(
        &self,
        name: &str,
        service: &ComposeService,
        image_id: &str,
        directory: &Path,
    ) -> HashMap<String, String> {
        let file = directory.join(compose::OWN_FILE);
        let mut labels: HashMap<String, String> = [
            (PROJECT, self.name.clone()),
            (SERVICE, name.to_owned()),
            (CONFIG_HASH, service.config_hash()),
            (IMAGE, image_id.to_owned()),
            (NUMBER, "1".to_owned()),
            (ONEOFF, "False".to_owned()),
            (DEPENDS_ON, String::new()),
            (VERSION, COMPOSE_VERSION.to_owned()),
            (WORKING_DIR, directory.display().to_string()),
            (CONFIG_FILES, file.display().to_string()),
            (ENVIRONMENT_FILE, directory.join(super::variables::FILE).display().to_string()),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .into();
        labels.extend(service.labels.clone());
        labels.insert(HOME.to_owned(), self.home.clone());
        labels
    }

    pub(super) fn volume_labels(&self, key: &str, own: &BTreeMap<String, String>) -> HashMap<String, String> {
        self.labels(VOLUME, key, own)
    }

    pub(super) fn network_labels(&self, own: &BTreeMap<String, String>) -> HashMap<String, String> {
        self.labels(NETWORK, "default", own)
    }

    fn labels(&self, kind: &str, key: &str, own: &BTreeMap<String, String>) -> HashMap<String, String> {
        let mut labels: HashMap<String, String> = own.clone().into_iter().collect();
        labels.insert(kind.to_owned(), key.to_owned());
        labels.insert(PROJECT.to_owned(), self.name.clone());
        labels.insert(VERSION.to_owned(), COMPOSE_VERSION.to_owned());
        labels.insert(HOME.to_owned(), self.home.clone());
        labels
    }

    /// Whether these are the labels of something that this home made in this project.
    pub(super) fn owns(&self, labels: Option<&HashMap<String, String>>) -> bool {
        labels.is_some_and(|labels| labels.get(HOME) == Some(&self.home) && labels.get(PROJECT) == Some(&self.name))
    }
}

/// What a foreign thing says of itself.
pub(super) fn whose(labels: Option<&HashMap<String, String>>) -> String {
    let label = |name: &str| labels.and_then(|labels| labels.get(name)).filter(|value| !value.is_empty());
    match (label(HOME), label(PROJECT)) {
        (Some(home), _) => format!("it has the label of the home `{home}`"),
        (None, Some(project)) => format!("it was made by docker compose for the project `{project}`"),
        (None, None) => "it has no label of harness".to_owned(),
    }
}
