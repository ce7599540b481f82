//! PostgreSQL: templates, the agents' databases cloned from them, and their isolation.
//!
//! Talks to any server, given host, port and admin login; knows nothing of how a server is run. What it
//! makes carries a mark with the home's id (see `mark`), and only what carries it is ever altered.
//!
//! ```text
//! template::ensure   links -> lock -> role, database, extensions, steps -> rename
//! clone::create      role (no login) -> copy -> objects to the role -> login
//! snapshot           copy, or copy and swap
//! drop::agent        everything with the agent's mark or the agent's role as owner
//! ```
//!
//! Invariants: no password reaches a server in clear; a database is never open to others, not for a
//! moment; whoever dies half-way leaves something that is recognised and dropped by the next command.

mod admin;
pub mod clone;
mod connection;
mod copy;
pub mod drop;
mod error;
mod extensions;
mod inspect;
mod leftover_references;
mod lock;
mod mark;
mod objects;
mod ownership;
mod packages;
mod prepare;
pub mod query;
mod roles;
mod run_step;
mod script;
mod server;
pub mod slow_queries;
pub mod snapshot;
mod sql;
mod statements;
mod step;
pub mod template;

pub use admin::Admin;
pub use clone::{CloneRequest, CloneState, Owned};
pub use connection::Version;
pub use drop::DroppedReport;
pub use error::{Error, ObjectType, Result};
pub use inspect::Inspection;
pub use leftover_references::{LeftoverReference, LeftoverReferences};
pub use mark::OwnedKind;
pub(crate) use packages::{CONTRIB, packages};
pub use prepare::prepare;
pub use run_step::run_step;
pub use server::{DatabaseCredentials, Server};
pub use step::Step;
pub use template::{Link, Template, TemplatePlan};
