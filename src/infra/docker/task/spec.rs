//! What a container is made of.

use std::collections::HashMap;

use bollard::models::{
    ContainerCreateBody, HostConfig, HostConfigLogConfig, Mount, MountBindOptions, MountType, MountVolumeOptions,
};

/// A container that does one thing.
#[derive(Debug, Clone, Default)]
pub struct TaskSpec {
    /// Its name.
    pub name: String,
    /// Its image.
    pub image: String,
    /// The arguments of the image's entry.
    pub command: Vec<String>,
    /// `NAME=value`; who may ask the engine reads them, so no secret is one.
    pub environment: Vec<String>,
    /// Who made it, and for what.
    pub labels: HashMap<String, String>,
    /// In place of the image's user.
    pub user: Option<String>,
    /// Further groups of that user.
    pub groups: Vec<String>,
    /// Whether it may do what the machine's root may.
    pub privileged: bool,
    /// `name:address`.
    pub hosts: Vec<String>,
    /// What it sees of the machine.
    pub mounts: Vec<TaskMount>,
}

/// What a container sees of the machine, and where.
#[derive(Debug, Clone)]
pub enum TaskMount {
    /// A volume by name, which outlives it.
    Volume(String, &'static str),
    /// A volume of its own, which goes with it.
    Fresh(&'static str),
    /// A file of the machine.
    File(String, &'static str),
}

/// Bytes of `/dev/shm`, which are taken when they are used.
const SHARED_MEMORY: i64 = 1 << 30;
/// What the engine keeps of its output; the reader is told where lines are missing.
const LOG_OPTIONS: [(&str, &str); 2] = [("max-size", "32m"), ("max-file", "2")];

impl TaskSpec {
    pub(super) fn body(&self) -> ContainerCreateBody {
        let some = |list: &[String]| Some(list.to_vec()).filter(|list| !list.is_empty());
        let log_options = LOG_OPTIONS.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let host = HostConfig {
            // an agent's processes leave orphans
            init: Some(true),
            // PostgreSQL and browsers share more than 64 MiB
            shm_size: Some(SHARED_MEMORY),
            privileged: self.privileged.then_some(true),
            group_add: some(&self.groups),
            extra_hosts: some(&self.hosts),
            mounts: Some(self.mounts.iter().map(TaskMount::mount).collect()),
            // whatever the engine's default is: this one can be read again
            log_config: Some(HostConfigLogConfig {
                typ: Some("json-file".to_owned()),
                config: Some(log_options.into()),
            }),
            ..HostConfig::default()
        };
        ContainerCreateBody {
            image: Some(self.image.clone()),
            cmd: Some(self.command.clone()),
            env: some(&self.environment),
            labels: Some(self.labels.clone()),
            user: self.user.clone(),
            open_stdin: Some(true),
            stdin_once: Some(true),
            attach_stdin: Some(true),
            host_config: Some(host),
            ..ContainerCreateBody::default()
        }
    }
}

impl TaskMount {
    fn mount(&self) -> Mount {
        let (typ, source, target) = match self {
            Self::Volume(name, target) => (MountType::VOLUME, Some(name.clone()), target),
            Self::Fresh(target) => (MountType::VOLUME, None, target),
            Self::File(path, target) => (MountType::BIND, Some(path.clone()), target),
        };
        Mount {
            source,
            target: Some((*target).to_owned()),
            volume_options: (typ == MountType::VOLUME).then(MountVolumeOptions::default),
            bind_options: (typ == MountType::BIND).then(MountBindOptions::default),
            typ: Some(typ),
            ..Mount::default()
        }
    }
}
