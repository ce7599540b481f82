//! The compose file: text to a typed document, without any engine.
//!
//! `compose/docker-compose.agent.yml` is embedded and is the docker engine's source of truth. A user's additional
//! file adds services to it. Both go the same way: YAML with line numbers ([`yaml`]), variables put in
//! ([`interpolate`]), a typed document ([`document`], [`service`]).
//!
//! What is understood is a subset of the compose specification; anything else is refused by name and line, never
//! ignored:
//!
//! | where | keys |
//! |---|---|
//! | top level | `name`, `services`, `volumes`, `networks` (only `default`), `x-…` |
//! | a service | `image`, `command`, `entrypoint`, `environment`, `ports`, `volumes` (named, or a bind of an absolute path), `tmpfs`, `user`, `working_dir`, `init`, `shm_size`, `mem_limit`, `restart`, `stop_signal`, `stop_grace_period`, `healthcheck`, `labels`, `x-…` |
//! | `healthcheck` | `test`, `interval`, `timeout`, `retries`, `start_period`, `disable` |
//! | a volume, the network | `labels` |
//!
//! Invariant: [`Service::config_hash`] is the hash that `docker compose` computes for the same service, so that
//! `docker compose up` finds nothing to recreate in what harness made.

mod document;
mod error;
mod fields;
mod hash;
mod interpolate;
mod own;
mod parts;
mod service;
mod units;
mod yaml;

pub use document::{ComposeFile, Volume};
pub use error::{Error, Result};
pub use own::{OWN_FILE, OWN_TEXT, own};
pub use parts::{HealthCheck, Mount, PortMapping, Restart, Source};
pub use service::Service;
