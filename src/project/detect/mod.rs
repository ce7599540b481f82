//! `harness init`: what a repository says of itself, and the `harness.toml` that follows from it.
//!
//! [`read`] turns a directory into a listing with texts; every other file is pure. A detector a file takes
//! that tree and returns facts with their evidence; `draft` decides names and ports; `write` makes the text.
//!
//! Invariants: nothing is run but git, to ask which files it tracks; no value of a file that git ignores
//! is written anywhere; what is written passes `harness config check`.

mod addresses;
mod alembic;
mod broken;
mod cargo;
mod compose;
mod config_files;
mod django;
mod draft;
mod environment;
mod error;
mod examples;
mod facts;
mod fastapi;
mod flask;
mod go;
mod go_embed;
mod go_generated;
mod go_ports;
mod init;
mod installed;
mod instructions;
mod interpreter;
mod laravel;
mod look;
mod meanings;
mod mend;
mod missing_tools;
mod node_builds;
mod node_checks;
mod node_database;
mod node_downloads;
mod node_frameworks;
mod node_packages;
mod node_servers;
mod nx;
mod phoenix;
mod ports;
mod presets;
mod procfile;
mod python;
mod rails;
mod read;
mod required_variables;
mod seed_needs;
mod server_variables;
mod services;
mod source_node;
mod source_variables;
mod sql;
mod sql_migrations;
mod template_text;
mod tree;
mod workflow;
mod write;

pub use error::InitError;
pub use init::{InitOptions, init, root_of};
pub use mend::mend;
pub use workflow::write_workflow;
