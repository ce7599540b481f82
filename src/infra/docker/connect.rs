//! Which engine, and a connection to it.
//!
//! The order is docker's own: `DOCKER_HOST`; the context that `DOCKER_CONTEXT` or the client's configuration names;
//! the default socket. After that the sockets of rootless Docker, Docker Desktop and Podman are tried. The API's
//! version is negotiated, so that old and new engines work.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bollard::{API_DEFAULT_VERSION, ClientVersion, Docker};
use hyper::Method;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tokio::net::UnixStream;
use tokio::time::timeout;

use crate::infra::error::docker::{Error, Result};
use crate::system::http_exchange_over;

/// Seconds for one call; a container that is stopped may take its grace period.
const TIMEOUT: u64 = 180;

/// For the engine's first answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// Where an engine is, and what named the address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// `unix:///var/run/docker.sock`.
    pub url: String,
    /// `DOCKER_HOST`, `context desktop-linux`, `default socket`.
    pub origin: String,
}

/// Where the engine of this machine is.
pub(super) fn address() -> Result<Address> {
    find(&|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
}

/// Connects to the engine of this machine.
///
/// # Errors
/// There is none, it does not answer, or it denies access to this user.
pub(super) async fn connect() -> Result<Docker> {
    connect_to(&address()?).await
}

/// Connects to an engine that was found.
///
/// # Errors
/// It does not answer, or it denies access to this user.
pub(super) async fn connect_to(address: &Address) -> Result<Docker> {
    let unreachable = |source| match refusal(&source) {
        Some(std::io::ErrorKind::PermissionDenied) => Error::Forbidden { address: address.url.clone() },
        _ => Error::Unreachable { address: address.url.clone(), origin: address.origin.clone(), source },
    };
    let spoken = spoken_version(address).await;
    let version = spoken.as_ref().unwrap_or(API_DEFAULT_VERSION);
    let docker = match address.url.strip_prefix("unix://") {
        // the call below distinguishes a missing socket from one that is closed to this user
        Some(path) => Docker::connect_with_unix(path, TIMEOUT, version),
        None => Docker::connect_with_http(&address.url, TIMEOUT, version),
    };
    let docker = docker.map_err(&unreachable)?;
    if spoken.is_some() {
        return Ok(docker);
    }
    let negotiated = timeout(ANSWER_LIMIT, docker.negotiate_version()).await;
    negotiated.unwrap_or(Err(bollard::errors::Error::RequestTimeoutError)).map_err(&unreachable)
}

/// The newest version that both sides speak, as the engine's answer to a ping says; `None` where that fails. The
/// client library asks `/version` instead, for which Docker starts each of its tools: 20 ms.
async fn spoken_version(address: &Address) -> Option<ClientVersion> {
    let path = address.url.strip_prefix("unix://")?;
    let ping = async {
        let stream = UnixStream::connect(path).await.ok()?;
        http_exchange_over(stream, Method::GET, "docker", "/_ping").await.ok()
    };
    let answer = timeout(ANSWER_LIMIT, ping).await.ok()??;
    let (major, minor) = answer.headers.get("api-version")?.to_str().ok()?.split_once('.')?;
    let theirs = (major.parse().ok()?, minor.parse().ok()?);
    let ours = (API_DEFAULT_VERSION.major_version, API_DEFAULT_VERSION.minor_version);
    let (major_version, minor_version) = ours.min(theirs);
    Some(ClientVersion { major_version, minor_version })
}

/// The address, by the order above.
pub fn find(environment: &dyn Fn(&str) -> Option<String>) -> Result<Address> {
    if let Some(url) = environment("DOCKER_HOST") {
        return usable(Address { url, origin: "DOCKER_HOST".to_owned() });
    }
    let home = environment("HOME").map(PathBuf::from).unwrap_or_default();
    let configuration = environment("DOCKER_CONFIG").map_or_else(|| home.join(".docker"), PathBuf::from);
    if let Some(name) = environment("DOCKER_CONTEXT").or_else(|| current_context(&configuration))
        && name != "default"
        && let Some(url) = context_host(&configuration, &name)
    {
        return usable(Address { url, origin: format!("context {name}") });
    }
    let runtime = environment("XDG_RUNTIME_DIR").map(PathBuf::from).unwrap_or_default();
    let sockets = [
        (PathBuf::from("/var/run/docker.sock"), "default socket"),
        (runtime.join("docker.sock"), "rootless Docker"),
        (home.join(".docker/run/docker.sock"), "Docker Desktop"),
        (runtime.join("podman/podman.sock"), "rootless Podman"),
        (PathBuf::from("/run/podman/podman.sock"), "Podman"),
    ];
    if let Some((path, origin)) = sockets.iter().find(|(path, _)| path.is_absolute() && path.exists()) {
        return Ok(Address { url: format!("unix://{}", path.display()), origin: (*origin).to_owned() });
    }
    let absolute = sockets.iter().filter(|(path, _)| path.is_absolute());
    let looked_at = absolute.map(|(path, origin)| format!("{}: {origin}", path.display())).collect();
    Err(match installed(environment) {
        Some(program) => Error::NotRunning { program, looked_at },
        None => Error::Absent { looked_at },
    })
}

/// The first program of an engine on PATH: the engine is installed, whether it runs or not.
fn installed(environment: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let path = environment("PATH")?;
    let directories: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let found = |name: &&str| directories.iter().any(|directory| directory.join(name).is_file());
    ["dockerd", "docker", "podman"].into_iter().find(found).map(str::to_owned)
}

/// Refuses what harness has no transport for, and engines whose published ports are not on this machine.
fn usable(address: Address) -> Result<Address> {
    let host = address.url.strip_prefix("tcp://").or_else(|| address.url.strip_prefix("http://"));
    let reason = match host {
        _ if address.url.starts_with("unix://") => return Ok(address),
        Some(host) if ["127.0.0.1", "localhost", "[::1]"].iter().any(|local| host.starts_with(local)) => {
            return Ok(address);
        }
        Some(_) => "it runs on another machine",
        None => "only `unix://` and `tcp://` on this machine are supported",
    };
    Err(Error::Address { address: address.url, origin: address.origin, reason })
}

#[derive(Deserialize)]
struct ClientConfiguration {
    #[serde(rename = "currentContext")]
    current_context: Option<String>,
}

fn current_context(configuration: &Path) -> Option<String> {
    let text = std::fs::read(configuration.join("config.json")).ok()?;
    serde_json::from_slice::<ClientConfiguration>(&text).ok()?.current_context.filter(|name| !name.is_empty())
}

/// A context is kept in a directory named by the hash of its name.
fn context_host(configuration: &Path, name: &str) -> Option<String> {
    let directory = Sha256::digest(name).iter().fold(String::new(), |hash, byte| hash + &format!("{byte:02x}"));
    let text = std::fs::read(configuration.join("contexts/meta").join(directory).join("meta.json")).ok()?;
    let meta: serde_json::Value = serde_json::from_slice(&text).ok()?;
    meta.pointer("/Endpoints/docker/Host")?.as_str().map(str::to_owned)
}

/// The operating system's reason somewhere down the chain.
fn refusal(error: &(dyn std::error::Error + 'static)) -> Option<std::io::ErrorKind> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<std::io::Error>() {
            return Some(error.kind());
        }
        next = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(variables: &[(&str, &str)]) -> Result<Address> {
        find(&|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn docker_host_goes_before_the_context() {
        let address = found(&[("DOCKER_HOST", "unix:///x.sock"), ("DOCKER_CONTEXT", "other")]).unwrap();
        assert_eq!((address.url.as_str(), address.origin.as_str()), ("unix:///x.sock", "DOCKER_HOST"));
    }

    #[test]
    fn the_current_context_is_read_from_the_clients_configuration() {
        let directory = tempfile::tempdir().unwrap();
        // the hash of `colima`
        let meta =
            directory.path().join("contexts/meta/f24fd3749c1368328e2b149bec149cb6795619f244c5b584e844961215dadd16");
        std::fs::create_dir_all(&meta).unwrap();
        let endpoint = r#"{"Name":"colima","Endpoints":{"docker":{"Host":"unix:///c.sock"}}}"#;
        std::fs::write(meta.join("meta.json"), endpoint).unwrap();
        std::fs::write(directory.path().join("config.json"), r#"{"currentContext":"colima"}"#).unwrap();
        let address = found(&[("DOCKER_CONFIG", directory.path().to_str().unwrap())]).unwrap();
        assert_eq!((address.url.as_str(), address.origin.as_str()), ("unix:///c.sock", "context colima"));
    }

    #[test]
    #[allow(clippy::print_stderr)] // a skipped test says so
    fn a_stopped_daemon_is_not_a_missing_engine() {
        let programs = tempfile::tempdir().unwrap();
        let path = |name: &str| (name == "PATH").then(|| programs.path().display().to_string());
        assert_eq!(installed(&path), None);
        std::fs::write(programs.path().join("docker"), "").unwrap();
        assert_eq!(installed(&path).as_deref(), Some("docker"));
    }

    #[test]
    fn a_remote_engine_is_refused() {
        for url in ["ssh://box", "tcp://10.0.0.7:2375", "https://127.0.0.1:2376"] {
            assert!(matches!(found(&[("DOCKER_HOST", url)]), Err(Error::Address { .. })), "{url}");
        }
        assert!(found(&[("DOCKER_HOST", "tcp://127.0.0.1:2375")]).is_ok());
    }
}
