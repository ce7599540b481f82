//! `harness.toml`: found, parsed, overlaid and resolved once into a [`Project`] that cannot be wrong.
//!
//! Raw types mirror the file; resolved types are what everything else reads. Strings that may hold
//! `{{ … }}` stay templates here ([`model::Template`]) and are evaluated by `render` for one agent.
//!
//! Invariant: a `Project` exists only if every key is known, every port of every agent is distinct,
//! and every reference (a dependency, a stage) names something that exists.

mod agent_id;
pub mod inputs;
mod model;

pub use agent_id::{AgentId, InvalidAgentId};
pub use model::*;
