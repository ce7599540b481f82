//! The compose file: text to a typed document, without any engine.
//!
//! `compose/docker-compose.agent.yml` is embedded and is the docker engine's source of truth. A user's additional
//! file adds services to it. Both go the same way: YAML with line numbers ([`yaml`]), variables put in
//! ([`crate::project::interpolate`]), a typed document ([`document`], [`service`]).
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
//! Why not a library (measured in November 2026, lines of code without tests and comments): this folder has 789 lines.
//! `docker-compose-types` 0.24 (10 further crates) and `compose_spec` 0.3 (4) hold the types of the specification, so
//! they would replace `document`, `service` and `parts` (294) and the YAML tree (80). Both read with `serde_yaml`,
//! which is archived. Neither puts variables in, reports the line of a wrong value, or writes the JSON that docker compose
//! hashes: `interpolate`, `units` and `hash` (264) stay with either, and so does a check for each key of the
//! specification that harness does not act on, which is most of `service`. A container whose key was read and
//! ignored would be the worse bug.
//!
//! Invariant: [`ComposeService::config_hash`] is the hash that `docker compose` computes for the same service, so that
//! `docker compose up` finds nothing to recreate in what harness made.

mod document;
mod error;
mod fields;
mod hash;
mod own;
mod parts;
mod service;
mod units;
mod yaml;

pub use document::{ComposeFile, Volume};
pub use error::{Error, Result};
pub use own::{OWN_FILE, OWN_TEXT, own};
pub use parts::{HealthCheck, Mount, PortMapping, Restart, Source};
pub use service::ComposeService;
