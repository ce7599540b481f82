//! `harness init`: what a repository says of itself, and the `harness.toml` that follows from it.
//!
//! [`read`] turns a directory into a listing with texts; every other file is pure. A detector a file (a
//! language with several has a folder) takes that tree and returns facts with their evidence; `draft` decides names and ports; `write` makes the text.
//!
//! Invariants: nothing is run but git, to ask which files it tracks; no value of a file that git ignores
//! is written anywhere; what is written passes `harness config check`.

mod addresses;
mod broken;
mod cargo;
mod compose;
mod compose_workers;
mod config_files;
mod dotenv_file;
mod draft;
mod environment;
mod error;
mod examples;
mod extensions;
mod facts;
mod go;
mod init;
mod installed;
mod instructions;
mod laravel;
mod look;
mod meanings;
mod mend;
mod missing_tools;
mod names;
mod node;
mod other_languages;
mod phoenix;
mod ports;
mod presets;
mod procfile;
mod python;
mod rails;
mod read;
mod required_variables;
mod samples;
mod server_variables;
mod services;
mod settings_values;
mod source_defaults;
mod source_variables;
mod sql;
mod sql_migrations;
mod store_variables;
mod stores;
mod template_text;
mod toml_text;
mod tree;
mod workflow;
mod write;

pub use error::InitError;
pub use init::{InitOptions, init, root_of};
pub use mend::mend;
pub use workflow::write_workflow;
