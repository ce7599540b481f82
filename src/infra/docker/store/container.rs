//! What the engine is asked to make.

use std::collections::{BTreeSet, HashMap};
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

use bollard::models::{
    ContainerCreateBody, HostConfig, HostConfigLogConfig, ImageConfig, Mount, MountBindOptions, MountType,
};

use super::request::Request;
use crate::infra::error::docker::{Error, Result};
use crate::system;

/// Labels: the home, the stack, the store.
pub(super) const HOME: &str = "harness.store-home";
pub(super) const STACK: &str = "harness.store-stack";
pub(super) const STORE: &str = "harness.store";

/// `harness-<home>-agent-3-cache`.
pub(super) fn name(home_id: &str, stack: &str, store: &str) -> String {
    format!("harness-{home_id}-{stack}-{store}")
}

/// The port inside: the one that was given, or the only one that the image names.
pub(super) fn port(request: &Request, image: &ImageConfig) -> Result<u16> {
    if let Some(port) = request.container.port {
        return Ok(port);
    }
    let exposed = image.exposed_ports.iter().flatten();
    let ports: Vec<u16> = exposed.filter_map(|port| port.strip_suffix("/tcp")?.parse().ok()).collect();
    match ports[..] {
        [port] => Ok(port),
        _ => Err(Error::StoreContainer {
            store: request.store.clone(),
            problem: format!(
                "its image names {} ports: give `stores.{}.container_port`",
                if ports.is_empty() { "no".to_owned() } else { ports.len().to_string() },
                request.store
            ),
        }),
    }
}

/// Describes the container, and makes the directories that it is given.
pub(super) fn body(request: &Request, home_id: &str, stack: &str, image: &ImageConfig) -> Result<ContainerCreateBody> {
    let given = &request.container;
    let data: BTreeSet<&String> = image.volumes.iter().flatten().chain(&given.data).collect();
    let mut mounts = Vec::new();
    for target in data {
        let source = inside(&request.directory, target);
        make(&request.directory, &source)?;
        mounts.push(bind(&source, target, false));
    }
    for (source, target) in &given.files {
        // what belongs to the tree is not the server's to change
        let source = std::path::absolute(source).map_err(system::Error::file("find", Path::new(source)))?;
        mounts.push(bind(&source, target, true));
    }
    mounts.sort_by(|left, right| left.target.cmp(&right.target));
    let labels = [(HOME, home_id), (STACK, stack), (STORE, &request.store)];
    let some = |list: &[String]| Some(list.to_vec()).filter(|list| !list.is_empty());
    let host = HostConfig {
        mounts: Some(mounts),
        // its output is passed on, and kept by the supervisor
        log_config: Some(HostConfigLogConfig { typ: Some("none".to_owned()), config: None }),
        ..HostConfig::default()
    };
    Ok(ContainerCreateBody {
        image: Some(given.image.clone()),
        cmd: some(&request.arguments),
        entrypoint: some(&given.entrypoint),
        env: Some(
            given.environment.iter().filter_map(|name| Some(format!("{name}={}", std::env::var(name).ok()?))).collect(),
        ),
        user: user(),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        labels: Some(
            labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect::<HashMap<_, _>>(),
        ),
        host_config: Some(host),
        ..ContainerCreateBody::default()
    })
}

/// Where a directory of the container is in the store's.
fn inside(directory: &Path, target: &str) -> PathBuf {
    let parts = Path::new(target).components();
    directory.join(parts.filter(|part| matches!(part, Component::Normal(_))).collect::<PathBuf>())
}

fn make(directory: &Path, source: &Path) -> Result<()> {
    std::fs::create_dir_all(source).map_err(system::Error::file("create", source))?;
    if user().is_some() {
        return Ok(());
    }
    // the image's user is not known here; nobody else gets through the directory above
    let below = source.ancestors().take_while(|path| path.starts_with(directory));
    for path in below {
        let open = std::fs::Permissions::from_mode(0o777);
        let metadata = path.metadata().map_err(system::Error::file("look at", path))?;
        // one that the server has taken over stays its own
        if std::os::unix::fs::MetadataExt::uid(&metadata) == 0 {
            std::fs::set_permissions(path, open).map_err(system::Error::file("open", path))?;
        }
    }
    Ok(())
}

/// The user of harness, unless that is root.
fn user() -> Option<String> {
    let uid = system::effective_uid();
    (uid != 0).then(|| format!("{uid}:{}", rustix::process::getegid().as_raw()))
}

fn bind(source: &Path, target: &str, read_only: bool) -> Mount {
    Mount {
        typ: Some(MountType::BIND),
        source: Some(source.display().to_string()),
        target: Some(target.to_owned()),
        read_only: read_only.then_some(true),
        bind_options: Some(MountBindOptions::default()),
        ..Mount::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_stays_in_the_stores_directory() {
        let inside = |target: &str| inside(Path::new("/s"), target).display().to_string();
        assert_eq!(inside("/var/lib/mysql"), "/s/var/lib/mysql");
        assert_eq!(inside("/../../etc/./x"), "/s/etc/x");
    }
}
