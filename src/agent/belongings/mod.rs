//! The one list of what an agent owns.
//!
//! An entry of the list is a [`Kind`]: it finds what there is of it, describes it, and removes it. Launch's
//! undo, `teardown`, `teardown --dry-run`, `gc` and [`inspect()`] use this list and nothing else, so that
//! what a dry run shows is what the real run removes. A new kind of belonging is a file here and a line in
//! [`Kind::ALL`].
//!
//! Invariants:
//! - Found is only what the record, a server's comment, the home's registry or the environment marker calls
//!   the agent's. What merely has its name is listed as foreign and stays.
//! - A server is asked only if the agent may have things there: what was never made needs no server.
//! - A kind that cannot be removed does not keep the others from being removed.

mod bucket;
mod database;
mod exclude;
mod files;
mod inspect;
mod kind;
mod list;
mod mail;
mod owner;
mod prepared;
mod processes;
mod started;
mod state;
mod stores;
mod work_tree;

pub(super) use inspect::inspect;
pub(super) use kind::Kind;
pub(super) use list::{Entry, List, list};
pub(super) use owner::Owner;
pub(super) use prepared::orphaned as orphaned_prepared_files;
pub(super) use work_tree::refusal;
