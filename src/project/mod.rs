//! `harness.toml`: found, parsed, overlaid and resolved once into a [`Project`] that cannot be wrong.
//!
//! Raw types mirror the file; resolved types are what everything else reads. Strings that may hold
//! `{{ … }}` stay templates here ([`Template`]) and are evaluated by `render` for one agent.
//!
//! Invariant: a `Project` exists only if every key is known, every port of every agent is distinct,
//! and every reference (a dependency, a stage) names something that exists.

mod agent_id;
mod detect;
mod document;
pub mod dotenv;
pub mod inputs;
mod interpolate;
mod load;
mod model;
mod nearest;
mod port_file;
mod port_plan;
mod problem;
mod raw;
mod resolve;
mod schema;
mod shape;
mod show;
#[cfg(test)]
mod tests;
mod tree;

pub use agent_id::{AgentId, InvalidAgentId};
pub use detect::{InitError, InitOptions, init, mend, root_of, write_workflow};
pub use interpolate::interpolate;
pub use load::{FILE, OVERLAY, find_root};
pub use model::*;
pub use nearest::nearest;
pub use port_file::remember_ports;
pub use problem::{ConfigError, Location, Problem};
pub(crate) use raw::DurationValue;
pub use schema::{schema, without_null};
pub use show::{check, is_secret};
pub use tree::TreeProject;
