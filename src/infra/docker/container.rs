//! A service of the compose file as the engine's own description of a container.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use bollard::models::{
    ContainerCreateBody, EndpointSettings, HealthConfig, HostConfig, Mount as EngineMount, MountBindOptions, MountType,
    MountVolumeOptions, NetworkingConfig, PortBinding, RestartPolicy, RestartPolicyNameEnum,
};

use super::names::Project;
use crate::infra::compose::{ComposeService, HealthCheck, Mount, PortMapping, Restart, Source};

/// What the engine is asked to make. `directory` is where the home keeps the compose file.
pub(super) fn body(
    project: &Project,
    name: &str,
    service: &ComposeService,
    image_id: &str,
    directory: &Path,
) -> ContainerCreateBody {
    let aliases = vec![project.container(name), name.to_owned()];
    let endpoint = EndpointSettings { aliases: Some(aliases), ..Default::default() };
    ContainerCreateBody {
        image: Some(service.image.clone()),
        cmd: service.command.clone(),
        entrypoint: service.entrypoint.clone(),
        env: Some(service.environment.iter().map(|(name, value)| format!("{name}={value}")).collect()),
        user: service.user.clone(),
        working_dir: service.working_dir.clone(),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        exposed_ports: Some(service.ports.iter().map(container_port).collect()),
        healthcheck: service.health_check.as_ref().map(health),
        stop_signal: service.stop_signal.clone(),
        stop_timeout: service.stop_grace_period.map(|period| i64::try_from(period.as_secs()).unwrap_or(i64::MAX)),
        labels: Some(project.container_labels(name, service, image_id, directory)),
        host_config: Some(host(project, service)),
        networking_config: Some(NetworkingConfig {
            endpoints_config: Some(HashMap::from([(project.network(), endpoint)])),
        }),
        ..Default::default()
    }
}

fn host(project: &Project, service: &ComposeService) -> HostConfig {
    let mut bindings: HashMap<String, Option<Vec<PortBinding>>> = HashMap::new();
    for port in &service.ports {
        let binding = PortBinding { host_ip: port.host_ip.clone(), host_port: Some(port.published.to_string()) };
        bindings.entry(container_port(port)).or_default().get_or_insert_default().push(binding);
    }
    let tmpfs = service.tmpfs.iter().map(|entry| {
        let (path, options) = entry.split_once(':').unwrap_or((entry, ""));
        (path.to_owned(), options.to_owned())
    });
    HostConfig {
        memory: service.mem_limit.map(bytes),
        shm_size: service.shm_size.map(bytes),
        init: service.init,
        network_mode: Some(project.network()),
        port_bindings: Some(bindings),
        restart_policy: service.restart.as_ref().map(restart),
        mounts: Some(service.mounts.iter().map(|mount| engine_mount(project, mount)).collect()),
        tmpfs: Some(tmpfs.collect()).filter(|tmpfs: &HashMap<_, _>| !tmpfs.is_empty()),
        ..Default::default()
    }
}

fn container_port(port: &PortMapping) -> String {
    format!("{}/{}", port.target, port.protocol)
}

fn bytes(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

fn nanoseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

fn health(check: &HealthCheck) -> HealthConfig {
    let test = if check.disable { vec!["NONE".to_owned()] } else { check.test.clone() };
    HealthConfig {
        test: Some(test).filter(|test| !test.is_empty()),
        interval: check.interval.map(nanoseconds),
        timeout: check.timeout.map(nanoseconds),
        retries: check.retries.map(i64::from),
        start_period: check.start_period.map(nanoseconds),
        ..Default::default()
    }
}

fn restart(restart: &Restart) -> RestartPolicy {
    let (name, count) = match restart {
        Restart::No => (RestartPolicyNameEnum::NO, None),
        Restart::Always => (RestartPolicyNameEnum::ALWAYS, None),
        Restart::UnlessStopped => (RestartPolicyNameEnum::UNLESS_STOPPED, None),
        Restart::OnFailure(count) => (RestartPolicyNameEnum::ON_FAILURE, count.map(i64::from)),
    };
    RestartPolicy { name: Some(name), maximum_retry_count: count }
}

fn engine_mount(project: &Project, mount: &Mount) -> EngineMount {
    let (typ, source) = match &mount.source {
        Source::Volume(key) => (MountType::VOLUME, project.volume(key)),
        Source::Bind(path) => (MountType::BIND, path.clone()),
    };
    EngineMount {
        target: Some(mount.target.clone()),
        source: Some(source),
        read_only: mount.read_only.then_some(true),
        volume_options: (typ == MountType::VOLUME).then(MountVolumeOptions::default),
        bind_options: (typ == MountType::BIND)
            .then(|| MountBindOptions { create_mountpoint: Some(true), ..Default::default() }),
        typ: Some(typ),
        ..Default::default()
    }
}
