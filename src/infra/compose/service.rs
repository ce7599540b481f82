//! One service of a compose file.

use std::collections::BTreeMap;
use std::time::Duration;

use super::error::Result;
use super::fields::Field;
use super::parts::{HealthCheck, Mount, PortMapping, Restart};
use super::units;

/// A service, its variables put in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ComposeService {
    /// Its image, with tag.
    pub image: String,
    /// Replaces the image's command.
    pub command: Option<Vec<String>>,
    /// Replaces the image's entrypoint.
    pub entrypoint: Option<Vec<String>>,
    /// Added to the image's environment.
    pub environment: BTreeMap<String, String>,
    /// On the host.
    pub ports: Vec<PortMapping>,
    /// Volumes and binds.
    pub mounts: Vec<Mount>,
    /// Paths in memory, with options behind a colon.
    pub tmpfs: Vec<String>,
    /// Replaces the image's user.
    pub user: Option<String>,
    /// Replaces the image's working directory.
    pub working_dir: Option<String>,
    /// Whether a small init reaps orphans.
    pub init: Option<bool>,
    /// Size of `/dev/shm`, in bytes.
    pub shm_size: Option<u64>,
    /// Memory limit, in bytes.
    pub mem_limit: Option<u64>,
    /// When the engine starts it again.
    pub restart: Option<Restart>,
    /// Replaces the image's.
    pub stop_signal: Option<String>,
    /// Time between the stop signal and SIGKILL.
    pub stop_grace_period: Option<Duration>,
    /// Replaces the image's.
    pub health_check: Option<HealthCheck>,
    /// Beside those of docker compose.
    pub labels: BTreeMap<String, String>,
}

impl ComposeService {
    /// Reads one entry of `services`.
    pub(super) fn read(field: &Field<'_>) -> Result<Self> {
        let mut service = Self::default();
        for (key, field) in field.entries()? {
            service.read_key(key, &field)?;
        }
        if service.image.is_empty() {
            return Err(field.wrong("has no `image`"));
        }
        Ok(service)
    }

    fn read_key(&mut self, key: &str, field: &Field<'_>) -> Result<()> {
        let size = |text: &str| units::bytes(text);
        match key {
            "image" => self.image = field.text()?,
            "command" => self.command = field.command()?,
            "entrypoint" => self.entrypoint = field.command()?,
            "environment" => self.environment = field.pairs()?,
            "ports" => {
                let what = "a port like `8080:80` or `127.0.0.1:8080:80/udp`";
                self.ports =
                    field.items()?.iter().map(|item| item.parsed(what, PortMapping::parse)).collect::<Result<_>>()?;
            }
            "volumes" => {
                let what = "a mount like `name:/path`, `name:/path:ro` or `/absolute/path:/path`";
                self.mounts =
                    field.items()?.iter().map(|item| item.parsed(what, Mount::parse)).collect::<Result<_>>()?;
            }
            "tmpfs" => self.tmpfs = field.texts()?,
            "user" => self.user = Some(field.text()?),
            "working_dir" => self.working_dir = Some(field.text()?),
            "init" => self.init = Some(field.parsed("`true` or `false`", |text| text.parse().ok())?),
            "shm_size" => self.shm_size = Some(field.parsed("a size like `256m`", size)?),
            "mem_limit" => self.mem_limit = Some(field.parsed("a size like `256m`", size)?),
            "restart" => {
                let what = "`no`, `always`, `unless-stopped` or `on-failure`";
                self.restart = Some(field.parsed(what, Restart::parse)?);
            }
            "stop_signal" => self.stop_signal = Some(field.text()?),
            "stop_grace_period" => self.stop_grace_period = Some(duration(field)?),
            "healthcheck" => self.health_check = Some(HealthCheck::read(field)?),
            "labels" => self.labels = field.pairs()?,
            _ => return Err(field.unsupported(reason(key))),
        }
        Ok(())
    }
}

/// Why a key that people use is not there.
fn reason(key: &str) -> &'static str {
    match key {
        "container_name" => "containers are named after the compose project, so that homes do not meet",
        "build" => "give the name of an image that is built already",
        "env_file" => "use `environment`",
        "networks" | "network_mode" | "links" => "every service is on the one network of the compose project",
        "depends_on" => "services are started together and should wait for each other themselves",
        "deploy" => "use `mem_limit` for a memory limit",
        "extends" | "profiles" | "scale" => "write the service out as it is to run",
        _ => "",
    }
}

fn duration(field: &Field<'_>) -> Result<Duration> {
    field.parsed("a duration like `5s`", units::duration)
}

impl HealthCheck {
    fn read(field: &Field<'_>) -> Result<Self> {
        let mut check = Self::default();
        for (key, field) in field.entries()? {
            match key {
                "test" => {
                    check.test = field.texts()?;
                    if !matches!(field.node.value, super::yaml::Value::List(_)) {
                        check.test.insert(0, "CMD-SHELL".to_owned());
                    }
                    let first = check.test.first().map_or("", String::as_str);
                    if !["CMD", "CMD-SHELL", "NONE"].contains(&first) {
                        return Err(field.wrong("does not begin with `CMD`, `CMD-SHELL` or `NONE`"));
                    }
                }
                "interval" => check.interval = Some(duration(&field)?),
                "timeout" => check.timeout = Some(duration(&field)?),
                "start_period" => check.start_period = Some(duration(&field)?),
                "retries" => check.retries = Some(field.parsed("a number", |text| text.parse().ok())?),
                "disable" => check.disable = field.parsed("`true` or `false`", |text| text.parse().ok())?,
                _ => return Err(field.unsupported("")),
            }
        }
        Ok(check)
    }
}
