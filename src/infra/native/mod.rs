//! The native engine: the shared servers as processes of this machine, one more stack of the supervisor.
//!
//! PostgreSQL is an installed one or a pinned download ([`choice`]); S3 is harness's own server; mail is
//! `mailpit` where it is installed, else harness's own; the browser is an installed Chromium or absent. As root
//! all but harness's own servers run as the recorded service user.
//!
//! Invariants: a data directory is complete when it has its name (`initdb` works on another one and the result
//! is renamed); a data directory that a host crash may have damaged is never started, but moved aside, whole.

mod binaries;
mod bring_up;
mod choice;
mod chromium;
mod cluster;
mod control_data;
mod crash;
mod data;
mod directories;
mod download;
mod memory;
mod observe;
mod program;
mod server_config;
mod stack;
mod wait;

pub(super) use binaries::{Binaries, installed};
pub(super) use bring_up::{bring_up, not_running};
pub(super) use choice::{BinariesWish, choose};
pub(super) use chromium::{find as find_chromium, ws_url as browser_ws_url};
pub(super) use data::{remove_data, settle_data};
pub(super) use directories::open_way;
pub(super) use observe::is_up;
pub(super) use server_config::check as check_settings;
pub(super) use stack::{find_mailpit, s3_credentials_file};
