//! A machine of one's own on the docker engine: a home, a compose project, and the docker command to look from
//! outside. What carries the project's label is removed with it.

use std::collections::BTreeMap;
use std::process::Command;

use harness::infra::docker::autoheal::NAME as AUTOHEAL;
use harness::infra::{self, Infra};
use harness::project::{
    EngineChoice, InfraPort, InfraPorts, InfraSettings, PortSource, PostgresSettings, Service, ServiceSettings,
};
use harness::report::Events;
use harness::system::Home;
use tempfile::TempDir;

use crate::support::{PortBlock, block_on};

/// The services, as docker compose sorts them.
pub(super) const SERVICES: [&str; 4] = ["db", "headless-browser", "mailpit", "minio"];

/// A home whose engine is docker.
pub(super) struct DockerMachine {
    pub(super) home: Home,
    pub(super) settings: InfraSettings,
    _ports: PortBlock,
    _directory: TempDir,
}

/// A machine, or `None` with a line that says why the test is skipped.
pub(super) fn machine(services: &[&str]) -> Option<DockerMachine> {
    available(services).then(|| DockerMachine::new(services))
}

/// Whether an engine answers and has the images of these services; says what is missing. A test that runs on a
/// stand-in says which.
pub(super) fn available(services: &[&str]) -> bool {
    if let Err(reason) = try_docker(["version", "--format", "{{.Server.Version}}"]) {
        return skip(&format!("no Docker engine answers: {}", reason.trim()));
    }
    services.iter().all(|service| {
        let image = image(service);
        match try_docker(["image", "inspect", "--format", "{{index .Config.Labels \"harness.stand-in\"}}", &image]) {
            Ok(what) if what.trim().is_empty() => true,
            Ok(what) => {
                eprintln!("runs on a stand-in: {image} is {}", what.trim());
                true
            }
            Err(_) => skip(&format!("the image {image} is missing; run tests/images/build")),
        }
    })
}

/// Says why a test is skipped. `HARNESS_TEST_DOCKER=required` makes it fail instead: CI runs them all.
#[track_caller]
pub(super) fn skip(reason: &str) -> bool {
    assert!(std::env::var("HARNESS_TEST_DOCKER").as_deref() != Ok("required"), "{reason}");
    eprintln!("skipped: {reason}");
    false
}

/// The image that the compose file names for a service.
pub(super) fn image(service: &str) -> String {
    let variables = |name: &str| (!name.ends_with("_IMAGE") && is_secret(name)).then(|| "x".to_owned());
    infra::compose::own(&variables).unwrap().services[service].image.clone()
}

fn is_secret(name: &str) -> bool {
    name.ends_with("_PASSWORD") || name.ends_with("_TOKEN") || name == "HARNESS_HOME_ID"
}

impl DockerMachine {
    fn new(services: &[&str]) -> Self {
        let directory = tempfile::Builder::new().prefix("harness-test-").tempdir_in("/tmp").unwrap();
        let home = Home::open(&directory.path().join("home")).unwrap();
        let ports = PortBlock::lease();
        let wish = |name: &str| ServiceSettings { disabled: !services.contains(&name), ..ServiceSettings::default() };
        let mut infra_ports = InfraPorts::DEFAULT;
        for (number, port) in (0..).zip(InfraPort::ALL) {
            infra_ports.set(port, ports.infra(number));
        }
        let settings = InfraSettings {
            engine: EngineChoice::Docker,
            compose_project: format!("harness-test-{}", ports.infra(0)),
            compose: None,
            services: Service::ALL.map(|service| wish(service.name())),
            postgres: PostgresSettings::default(),
            browser_token: None,
            ports: infra_ports,
            port_sources: std::array::from_fn(|_| PortSource::Default),
        };
        Self { home, settings, _ports: ports, _directory: directory }
    }

    /// `setup`, as far as infra goes.
    pub(super) fn setup(&self) -> infra::Result<Infra> {
        block_on(infra::ensure(&self.home, &self.settings, &[], &Events::silent()))
    }

    /// `teardown --infra`.
    pub(super) fn teardown(&self, volumes: bool) -> infra::Result<infra::TeardownReport> {
        block_on(infra::teardown(&self.home, volumes, &Events::silent()))
    }

    /// The state of each service that is not disabled.
    pub(super) fn states(&self) -> BTreeMap<String, String> {
        let status = block_on(infra::status(&self.home)).unwrap();
        let rows = status.services.into_iter().filter(|row| row.state.as_str() != "disabled" && row.name != AUTOHEAL);
        rows.map(|row| (row.name, row.state.as_str().to_owned())).collect()
    }

    /// The state of the process that restarts containers; `absent` where nothing is set up.
    pub(super) fn watch_state(&self) -> String {
        let status = block_on(infra::status(&self.home)).unwrap();
        let row = status.services.into_iter().find(|row| row.name == AUTOHEAL);
        row.map_or_else(|| "absent".to_owned(), |row| row.state.as_str().to_owned())
    }

    pub(super) fn project(&self) -> &str {
        &self.settings.compose_project
    }

    pub(super) fn container(&self, service: &str) -> String {
        format!("{}-{service}-1", self.project())
    }

    /// Container id by service.
    pub(super) fn ids(&self) -> BTreeMap<String, String> {
        let filter = format!("label=com.docker.compose.project={}", self.project());
        let format = "{{.Label \"com.docker.compose.service\"}} {{.ID}}";
        docker(["ps", "-a", "--no-trunc", "--filter", &filter, "--format", format])
            .lines()
            .filter_map(|line| line.split_once(' '))
            .map(|(service, id)| (service.to_owned(), id.to_owned()))
            .collect()
    }

    /// Everything on the engine that carries this home's id: kind and name.
    pub(super) fn ours(&self) -> Vec<String> {
        let label = format!("label=harness.home={}", self.home.id());
        with_label(&label)
    }
}

impl Drop for DockerMachine {
    fn drop(&mut self) {
        // the process that watches goes with it; what else is left is removed below
        let _ = self.teardown(true);
        let label = format!("label=com.docker.compose.project={}", self.project());
        for thing in with_label(&label) {
            let (kind, name) = thing.split_once(' ').unwrap_or_default();
            let force: &[&str] = if kind == "container" { &["-f", "-v"] } else { &[] };
            let _ = try_docker([kind, "rm"].into_iter().chain(force.iter().copied()).chain([name]));
        }
    }
}

/// Everything on the engine that carries a label: kind and name.
fn with_label(label: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (kind, arguments) in [
        ("container", &["ps", "-a", "--format", "{{.Names}}"][..]),
        ("volume", &["volume", "ls", "--format", "{{.Name}}"]),
        ("network", &["network", "ls", "--format", "{{.Name}}"]),
    ] {
        let listed = docker(arguments.iter().copied().chain(["--filter", label]));
        found.extend(listed.lines().map(|name| format!("{kind} {name}")));
    }
    found
}

/// Something on the engine that is not ours; removed with this.
pub(super) struct Decoy {
    kind: &'static str,
    name: String,
}

impl Decoy {
    /// `docker run`, `docker volume create`, `docker network create` with these arguments, the name last but for what
    /// a container runs.
    pub(super) fn new(kind: &'static str, name: &str, arguments: &[&str]) -> Self {
        docker(arguments);
        Self { kind, name: name.to_owned() }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn exists(&self) -> bool {
        try_docker([self.kind, "inspect", &self.name]).is_ok()
    }
}

impl Drop for Decoy {
    fn drop(&mut self) {
        let force: &[&str] = if self.kind == "container" { &["-f", "-v"] } else { &[] };
        let _ = try_docker([self.kind, "rm"].into_iter().chain(force.iter().copied()).chain([self.name.as_str()]));
    }
}

/// The docker command; what it prints.
#[track_caller]
pub(super) fn docker<'a>(arguments: impl IntoIterator<Item = impl AsRef<str> + 'a>) -> String {
    match try_docker(arguments) {
        Ok(output) => output,
        Err(error) => panic!("docker: {error}"),
    }
}

/// The docker command; what it prints, or what it complains about.
pub(super) fn try_docker<'a>(arguments: impl IntoIterator<Item = impl AsRef<str> + 'a>) -> Result<String, String> {
    let arguments: Vec<String> = arguments.into_iter().map(|argument| argument.as_ref().to_owned()).collect();
    let output = Command::new("docker").args(&arguments).output().map_err(|error| error.to_string())?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    } else {
        Err(format!("{}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr)))
    }
}
