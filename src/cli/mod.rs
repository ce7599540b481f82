//! The command line: one file a verb, each with its arguments, one call, and what is printed.
//!
//! Nothing is decided here. A verb parses its arguments, calls one library function, and prints the
//! document that it returns; [`command`] routes to it and turns failures into exit codes.

mod command;
mod completions;
mod config;
mod control;
mod db;
mod doctor;
mod duration;
mod env;
mod examples;
mod exec;
mod gc;
mod health;
mod hook;
mod infra;
mod launch;
mod logs;
mod man;
mod open;
mod ports;
mod psql;
mod session;
mod setup;
mod shell;
mod slow_queries;
mod stats;
mod status;
mod teardown;
mod url;
mod verify;
mod wait;

pub use command::{main, parser};
