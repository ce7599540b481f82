//! The command line: one file a verb, each with its arguments, one call, and what is printed.
//!
//! Nothing is decided here. A verb parses its arguments, calls one library function, and prints the
//! document that it returns; [`command`] routes to it and turns failures into exit codes.

mod command;
mod config;
mod control;
mod db;
mod duration;
mod env;
mod exec;
mod health;
mod hook;
mod infra;
mod launch;
mod logs;
mod open;
mod ports;
mod psql;
mod session;
mod setup;
mod shell;
mod slow_queries;
mod status;
mod teardown;
mod url;
mod verify;

pub use command::{main, parser};
