//! How a worker runs containers: by the variables of the earlier coordinator, with and without its prefix.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;

use super::error::WorkError;
use crate::infra::docker::{TaskEngine, TaskMount, TaskSpec};

/// The volume of downloads that jobs share, where nothing is said.
const CACHE: &str = "harness-agent-cache";
/// Where the image expects it.
const CACHE_AT: &str = "/cache";
/// Where a daemon keeps its images: on a file system of its own, since it cannot stack one on the container's.
const DAEMON_AT: &str = "/var/lib/docker";
/// The socket of an engine, in a container as on a machine.
const SOCKET: &str = "/var/run/docker.sock";
/// A name by which containers reach the machine, where the engine is told so.
const MACHINE: &str = "host.docker.internal";

/// What a job's container has of Docker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum DockerMode {
    /// A daemon of its own, for which it is privileged.
    #[default]
    Dind,
    /// The engine that it runs on itself.
    Dood,
    /// Nothing.
    None,
}

/// How a worker runs containers.
#[derive(Debug, Clone, Default)]
pub(super) struct Containers {
    /// For projects that name no image.
    pub(super) image: Option<String>,
    pub(super) mode: DockerMode,
    /// The volume of downloads; none where it is empty.
    cache: Option<String>,
    /// Whether `dood` gives the socket of this machine; else `DOCKER_HOST` leads there.
    gives_socket: bool,
    docker_host: Option<String>,
}

impl Containers {
    /// By variables; `look` finds one, also an empty one.
    ///
    /// # Errors
    /// One of them is wrong.
    pub(super) fn of(look: &dyn Fn(&str) -> Option<String>) -> Result<Self, WorkError> {
        let filled = |name: &str| look(name).filter(|value| !value.is_empty());
        let wrong = |name: &str, value: String, expected| WorkError::Setting { name: name.to_owned(), value, expected };
        let mode = match filled("AGENT_DOCKER_MODE").as_deref() {
            None | Some("dind") => DockerMode::Dind,
            Some("dood") => DockerMode::Dood,
            Some("none") => DockerMode::None,
            Some(other) => return Err(wrong("AGENT_DOCKER_MODE", other.to_owned(), "`dind`, `dood` or `none`")),
        };
        let gives_socket = match filled("AGENT_MOUNT_DOCKER_SOCKET").as_deref() {
            None | Some("1" | "true") => true,
            Some("0" | "false") => false,
            Some(other) => return Err(wrong("AGENT_MOUNT_DOCKER_SOCKET", other.to_owned(), "`0` or `1`")),
        };
        let cache = look("AGENT_CACHE_VOLUME").unwrap_or_else(|| CACHE.to_owned());
        let is_volume =
            |name: &str| name.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter));
        if !is_volume(&cache) {
            return Err(wrong("AGENT_CACHE_VOLUME", cache, "the name of a volume, or empty"));
        }
        let cache = Some(cache).filter(|name| !name.is_empty());
        Ok(Self { image: filled("AGENT_IMAGE"), mode, cache, gives_socket, docker_host: look("DOCKER_HOST") })
    }

    /// What a container gets by these settings. `words` are those that the program is given: where one leads to this
    /// machine, the container knows its name.
    pub(super) fn apply(&self, spec: &mut TaskSpec, engine: &TaskEngine, words: &BTreeMap<String, String>) {
        if let Some(cache) = &self.cache {
            spec.mounts.push(TaskMount::Volume(cache.clone(), CACHE_AT));
        }
        let mut reaches_machine = words.values().any(|value| value.contains(MACHINE));
        match self.mode {
            DockerMode::None => {}
            DockerMode::Dind => {
                // the image's entry starts the daemon as root, and the rest as its user
                (spec.privileged, spec.user) = (true, Some("0".to_owned()));
                spec.environment.push("HARNESS_AGENT_DAEMON=1".to_owned());
                spec.mounts.push(TaskMount::Fresh(DAEMON_AT));
            }
            DockerMode::Dood => {
                if let Some(socket) = engine.socket().filter(|_| self.gives_socket) {
                    // who owns it there may be nobody in the container
                    if let Ok(metadata) = socket.metadata() {
                        spec.groups.push(metadata.gid().to_string());
                    }
                    spec.mounts.push(TaskMount::File(socket.display().to_string(), SOCKET));
                } else if let Some(host) = self.docker_host.as_ref().filter(|host| !host.starts_with("unix://")) {
                    reaches_machine |= host.contains(MACHINE);
                    spec.environment.push(format!("DOCKER_HOST={host}"));
                }
            }
        }
        if reaches_machine {
            spec.hosts.push(format!("{MACHINE}:host-gateway"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Result<Containers, WorkError> {
        let found = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Containers::of(&found)
    }

    #[test]
    fn an_empty_cache_volume_is_none_and_a_missing_one_is_the_default() {
        assert_eq!(of(&[]).unwrap().cache.as_deref(), Some(CACHE));
        assert_eq!(of(&[("AGENT_CACHE_VOLUME", "")]).unwrap().cache, None);
        let own = of(&[("AGENT_CACHE_VOLUME", "mine"), ("AGENT_IMAGE", "x:1"), ("AGENT_DOCKER_MODE", "dood")]).unwrap();
        assert_eq!(
            (own.cache.as_deref(), own.image.as_deref(), own.mode),
            (Some("mine"), Some("x:1"), DockerMode::Dood)
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (name, value) in
            [("AGENT_DOCKER_MODE", "both"), ("AGENT_MOUNT_DOCKER_SOCKET", "maybe"), ("AGENT_CACHE_VOLUME", "/a:b")]
        {
            let error = of(&[(name, value)]).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains(value), "{error}");
        }
    }
}
