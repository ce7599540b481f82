//! `serve.toml`: what a person may set, all of it optional.
//!
//! ```toml
//! ports = [3333]                                     # where to listen
//! allowed_hosts = ["harness.example.org"]            # names besides loopback names and addresses
//! allowed_origins = ["https://board.example.org"]    # sites whose pages may call the API
//! [database]                                         # where tickets and the queue are, if not in this home
//! [github]                                           # how issues are asked for
//! [plane]                                            # the same of Plane's work items
//! [notify]                                           # whom to send notices to
//! ```

mod database;
mod file;
mod github;
mod notify;
mod plane;

pub(super) use file::Settings;
pub(super) use github::GitHub;
pub(super) use notify::{Notify, Target};
pub(super) use plane::Plane;
