//! `[infra]`: the shared servers as this project wishes them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::service::{InfraPort, InfraPorts, Service};
pub use crate::report::{Durability, EngineChoice};

/// `[infra]`.
#[derive(Debug, Clone, PartialEq)]
pub struct InfraSettings {
    /// `engine`: what the user wishes.
    pub engine: EngineChoice,
    /// `compose_project`, default `agent-infra`.
    pub compose_project: String,
    /// `compose`: the absolute path of a compose file with further services.
    pub compose: Option<PathBuf>,
    /// What every server has, in the order of [`Service::ALL`].
    pub services: [ServiceSettings; Service::COUNT],
    /// What only `[infra.postgres]` has.
    pub postgres: PostgresSettings,
    /// What only `[infra.browser]` has: `token`, whether the browser of the docker engine asks for one. `None`: no wish.
    pub browser_token: Option<bool>,
    /// Host ports after environment, `.env.agent-harness`, `harness.toml` and defaults.
    pub ports: InfraPorts,
    /// Where each host port comes from, in the order of [`InfraPort::ALL`].
    pub port_sources: [PortSource; InfraPort::ALL.len()],
}

impl InfraSettings {
    /// What every server has, of one of them.
    pub fn service(&self, service: Service) -> &ServiceSettings {
        &self.services[service as usize]
    }

    /// The same, to change.
    pub fn service_mut(&mut self, service: Service) -> &mut ServiceSettings {
        &mut self.services[service as usize]
    }
}

/// One shared service.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServiceSettings {
    /// `image` of the docker engine.
    pub image: Option<String>,
    /// `memory` limit of the docker engine, in bytes.
    pub memory: Option<u64>,
    /// `disabled = true`: not started, its variables are absent from the context.
    pub disabled: bool,
    /// `url` of an external server.
    pub url: Option<String>,
}

/// What only `[infra.postgres]` has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PostgresSettings {
    /// `bin_dir`: where the native engine finds `postgres` and `initdb`.
    pub bin_dir: Option<PathBuf>,
    /// `durability`.
    pub durability: Durability,
    /// `settings`: further server settings, by name.
    pub settings: BTreeMap<String, String>,
}

/// Who decided a port.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum PortSource {
    /// The variable of that name, in the environment.
    Environment(&'static str),
    /// The variable of that name, in a file `.env.agent-harness`.
    File(&'static str, PathBuf),
    /// `harness.toml` or its overlay.
    Configuration(PathBuf),
    /// harness itself.
    #[default]
    Default,
}
