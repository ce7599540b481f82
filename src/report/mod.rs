//! What verbs return and how they report progress: versioned JSON documents, failures with their exit codes, and the event
//! sink.
//!
//! Documents are types of their own: no domain type is serialised straight to a user, so that the
//! inside can change without breaking a script. Every document names itself in `schema`
//! (`harness/<verb>/1`).
//!
//! Invariant: nothing here holds a secret.

#[macro_use]
mod words;

mod agent;
mod backup;
mod board;
mod boot;
mod config;
mod database;
mod doctor;
mod duration;
mod events;
mod failure;
mod hosts;
mod http;
mod infra;
mod init;
mod launch;
mod logs;
mod man;
mod network;
mod process;
mod projects;
mod queue;
mod rehearse;
mod serve;
mod sessions;
mod setup;
mod state;
mod stats;
mod status;
mod store;
mod stream;
mod teardown;
mod templates;
mod tickets;
mod trust;
pub mod verify;
mod wait;
mod work;

pub use agent::*;
pub use backup::*;
pub use board::*;
pub use boot::*;
pub use config::*;
pub use database::*;
pub use doctor::*;
pub use duration::*;
pub use events::*;
pub use failure::*;
pub use hosts::*;
pub use http::*;
pub use infra::*;
pub use init::*;
pub use launch::*;
pub use logs::*;
pub use man::*;
pub use network::*;
pub use process::*;
pub use projects::*;
pub use queue::*;
pub use rehearse::*;
pub use serve::*;
pub use sessions::*;
pub use setup::*;
pub use state::*;
pub use stats::*;
pub use status::*;
pub use store::*;
pub use stream::*;
pub use teardown::*;
pub use templates::*;
pub use tickets::*;
pub use trust::*;
pub use verify::{Hook, HookOutcome, PublicKey, Verify, VerifyCheck, VerifyPlan, VerifyStatus};
pub use wait::*;
pub use work::*;
