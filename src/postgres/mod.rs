//! PostgreSQL: templates, the agents' databases cloned from them, and their isolation.
//!
//! Works with any server, given host, port and admin login, however it is run. What it makes carries a mark
//! with the home's id (see `mark`), and it alters nothing without that mark.
//!
//! ```text
//! template::ensure   links -> lock -> role, database, extensions, steps -> rename
//! clone::create      role (no login) -> copy -> objects to the role -> login
//! spare              clones made before they are wanted; a launch renames one
//! snapshot           copy, or copy and swap
//! background         spares, and dropping what was replaced, by a process that no command waits for
//! drop::agent        everything with the agent's mark or the agent's role as owner
//! ```
//!
//! Invariants: no password reaches a server in clear; no database of an agent can be entered by another agent at
//! any moment; what an interrupted command leaves is recognised and dropped by the next one.

mod admin;
pub mod background;
pub mod clone;
pub mod closing;
mod connection;
mod copy;
mod copy_on_write;
mod diagnosis;
pub mod diff;
pub mod drop;
mod error;
mod extensions;
mod hba;
mod inspect;
mod leftover_references;
pub mod load;
mod lock;
mod login_problem;
mod mark;
mod objects;
mod ownership;
mod packages;
mod prepare;
pub mod query;
mod remedy;
mod replace;
mod roles;
mod run_step;
mod script;
mod server;
mod sessions;
mod silence;
pub mod slow_queries;
pub mod snapshot;
pub mod spare;
mod sql;
mod statements;
mod step;
pub mod template;
pub mod unfinished;

pub use admin::Admin;
pub use clone::{CloneRequest, CloneState, Owned};
pub use connection::Version;
pub use copy_on_write::CopyOnWrite;
pub use drop::DroppedReport;
pub use error::{Error, ObjectType, Result};
pub use hba::{Origin, rules as hba_rules};
pub use inspect::Inspection;
pub use leftover_references::{LeftoverReference, LeftoverReferences};
pub use login_problem::LoginProblem;
pub use mark::OwnedKind;
pub(crate) use packages::{CONTRIB, packages};
pub use prepare::{check_replication, prepare};
pub use run_step::run_step;
pub use server::{Access, DatabaseCredentials, Patience, Server};
pub use sessions::Cut;
pub use step::Step;
pub use template::{Link, Template, TemplatePlan};
