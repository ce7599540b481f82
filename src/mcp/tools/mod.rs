//! The tools: a file each, with its arguments, whose doc comments are what the model reads, and one call.
//!
//! [`table`] lists them. A tool changes only the agent that is meant; there is none that needs a person's consent.

mod arguments;
mod control;
mod db;
mod health;
mod launch;
mod logs;
mod psql;
mod slow_queries;
mod stats;
mod status;
mod table;
mod tool;
mod url;
mod verify;
mod wait;

pub(super) use arguments::Whose;
pub(super) use table::all;
pub(super) use tool::Tool;
