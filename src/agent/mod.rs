//! One agent's stack: launched, looked at, changed, torn down.
//!
//! An agent is a *lease* (a number of the home), a *record* (what was made for it) and a *stack* (what
//! runs). Every verb here takes typed arguments and returns a `report` document; `cli` prints it.
//!
//! Invariants:
//! - A thing is written into the record before it is made and stays there until it is proven gone, so a
//!   command that is interrupted anywhere can be continued by the next one.
//! - What has to be done is decided by what exists, not by what an earlier command was asked to do.
//! - Nothing is removed that the record, the server's comment or the home's registry does not call ours.
//! - One command at a time changes an agent: it holds the [`lease`].

mod belongings;
mod beside;
mod boot;
mod captured;
mod claims;
mod client_programs;
mod completion;
mod container;
mod context;
mod control;
mod database;
mod database_diff;
mod database_file_error;
mod database_files;
mod database_reset;
mod database_stores;
mod diagnosis;
mod doctor;
mod engine_choice;
mod environment;
mod error;
mod exec;
mod gateway;
mod gc;
mod health;
mod http;
mod identity;
mod interrupt;
mod journal;
mod launch;
mod lease;
mod leftover;
mod logs;
mod moved;
mod open;
mod ownership;
mod place;
mod ports;
mod prepared_files;
mod processes;
mod query;
mod record;
mod recovery;
mod samples;
mod sessions;
mod setup;
mod standing;
mod stats;
mod status;
mod store_pause;
mod store_state;
mod taken_port;
mod teardown;
mod template_state;
mod template_values;
mod templates;
mod tree_error;
mod trees;
mod undone;
mod urls;
mod verify_target;
mod wait;
mod worktree;

pub use boot::{EnableOptions, disable, down, enable, up};
pub use captured::Captured;
pub use context::Context;
pub use control::{Action, control};
pub use database::{DatabaseAction, database};
pub use database_diff::database_diff;
pub use database_files::{dump_database, load_database};
pub use doctor::doctor;
pub use environment::environment;
pub use error::Error;
use exec::exec_marker;
pub use exec::{exec, shell, user_shell};
pub use gateway::{Gateway, flat, host_label, host_name};
pub use gc::gc;
pub use health::health;
pub use http::{HttpRequest, http};
use interrupt::ended;
pub use interrupt::{Interruption, interrupted};
pub use journal::{LastCommand, last_command};
pub use verify_target::{OwnServers, VerifyScope, verify_scope, verify_target};

pub use completion::{known_agents, known_project};
pub use identity::{in_checkout, resolve, split_id, standing_in};
pub use launch::{LaunchOptions, launch, launch_here, refill_trees_entry};
pub use logs::{LogRequest, logs};
pub use open::{browse, open};
pub use ports::ports;
pub use processes::summary as stack_state;
pub use query::{query, read, slow_queries};
pub use record::{Lifecycle, Record};
pub use samples::samples;
pub use sessions::{
    AttachOptions, DetachKeys, Joined, SessionError, SessionRequest, attach, end_session, sessions, start_session,
    written,
};
pub use setup::setup;
pub use stats::Sampler;
pub use status::status;
pub use teardown::{TeardownOptions, TeardownTarget, teardown};
pub use templates::{build_template, collect_templates, drop_templates, template, templates};
pub use urls::{UrlKind, urls};
pub use wait::wait;
pub use worktree::Error as WorktreeError;
