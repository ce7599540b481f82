//! Databases that an agent makes itself (`create = true`) are closed to the other agents.
//!
//! PostgreSQL lets every role into a new database, runs no trigger for CREATE DATABASE and copies no permissions
//! from the template, and `pg_hba.conf` cannot know the name before. So `harness __close-databases`, a process of
//! the agent's own stack, logs in as the agent and takes CONNECT from PUBLIC, from other agents and from groups
//! of theirs, within [`PERIOD`] of the creation. It needs no other right than the agent has: an owner may revoke.
//!
//! What remains: in that quarter of a second a waiting agent could connect; its session stays until it ends. It
//! connects to the server's own database, so that the agent's can be dropped, renamed and restored under it.

mod entry;
mod process;
mod watch;

pub use entry::entry;
pub use process::process;
pub use watch::PERIOD;
