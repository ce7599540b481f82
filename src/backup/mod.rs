//! `backup` and `restore`: what a home has that cannot be made again.
//!
//! ```text
//! <dir>/manifest.json      version, agents, size and SHA-256 of every other file; written last
//! <dir>/state/             files of `harness serve` and the key that signs evidence
//! <dir>/databases/         a dump for each agent, in the format of `pg_restore`
//! <dir>/buckets/<name>/    objects, numbered; their keys are in the manifest
//! ```
//!
//! A backup is made in a hidden directory beside `<dir>`, which is renamed when the manifest is in it: what is cut off never
//! has the name of a backup. Stacks go on running; each database is as it was at one moment, but not all at the same.
//!
//! What can be made again is not in it: work trees (git has them), the servers with their passwords, templates (their steps
//! are in the project). So a restore launches each agent as anybody would, and then puts the saved contents in the place of
//! the fresh ones. A restored home has an id of its own: it can live beside the one that was saved.

mod create;
mod error;
mod manifest;
mod restore;
mod state;

pub use create::{Parts, create};
pub use restore::restore;
