//! Stores: servers (or files) that each agent gets its own copy of.
//!
//! A store is three things, of which two exist already: its server is a process of the agent's stack, its port is one of the
//! agent's ports, and only its data is made here. A server that is an image is such a process too
//! ([`crate::infra::docker::store`]).
//!
//! ```text
//! <home>/stores/<digest>/                                 a template: data/, store.json
//! <home>/stores/<digest>.building/                        one that is being built: data/, stack/
//! <home>/agents/<id>/stores/<name>/current/               the agent's copy: data/, store.json
//! <home>/agents/<id>/store-snapshots/<snapshot>/<name>/   a copy of that
//! ```
//!
//! Invariants:
//! - A *unit* (`data` and the mark `store.json` that says where it comes from) is complete where it has its final name: it is
//!   made beside that, and then renamed or exchanged in one step. What has another name was cut off and is removed by the
//!   next command.
//! - Units are copied with `cp --reflink=auto`: blocks are shared where the file system can, and nothing is ever hard-linked.
//! - A unit is copied or replaced only while nothing writes into it: the caller stops the server; files of SQLite are locked
//!   instead.
//! - The name of a template is a digest of all that it is made from, so equal inputs never build twice, and an agent's copy
//!   is never replaced unasked.
//!
//! A template is built by the very server that serves the agents later, in a throw-away stack of its own (`store-<digest>`
//! in the processes' marker): the supervisor knows readiness, logs, and an orderly stop, which is what makes the files
//! complete. A build that was killed leaves that stack running; whoever comes next ends it.

mod build;
mod container;
mod copy;
mod data;
mod error;
mod files;
mod inventory;
mod program;
mod ready;
mod snapshot;
mod template;
mod values;

pub use copy::size;
pub use data::AgentStores;
pub use error::Error;
pub use inventory::{end_abandoned_builds, remove_all, templates};
pub use program::missing;
pub use snapshot::Snapshot;
pub use template::Templates;
pub use values::{of as values, samples};
