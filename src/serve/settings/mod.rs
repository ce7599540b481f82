//! `serve.toml`: what a person may set, all of it optional.
//!
//! ```toml
//! ports = [3333]                                     # where to listen
//! allowed_hosts = ["harness.example.org"]            # names besides loopback names and addresses
//! allowed_origins = ["https://board.example.org"]    # sites whose pages may call the API
//! [github]                                           # how issues are asked for
//! [notify]                                           # whom to send notices to
//! ```

mod file;
mod github;
mod notify;

pub(super) use file::Settings;
pub(super) use github::GitHub;
pub(super) use notify::{Notify, Target};
