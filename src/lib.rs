//! harness gives each of N coding agents its own complete, running, isolated copy of an application.
//!
//! # The house
//!
//! Arrows point down only; `tests/house.rs` reads the `use crate::` lines and fails on any other.
//!
//! ```text
//! cli ──────────────► terminal
//!  │
//!  ▼
//! agent, verify        one agent's stack: launch, teardown; is its work done?
//!  ▼
//! infra                the servers that all agents share: native, docker, external
//!  ▼
//! postgres, bucket, render, embedded, supervisor
//!  ▼
//! project              harness.toml, resolved
//!  ▼
//! report               JSON documents, failures, events
//!  ▼
//! system               files, locks, processes, ports
//! ```

pub mod agent;
pub mod bucket;
pub mod cli;
pub mod embedded;
pub mod infra;
pub mod postgres;
pub mod project;
pub mod render;
pub mod report;
pub mod supervisor;
pub mod system;
pub mod terminal;
pub mod verify;
