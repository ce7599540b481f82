//! `serve.toml`: what a person may set, all of it optional.
//!
//! ```toml
//! allowed_hosts = ["harness.example.org"]            # names besides loopback names and addresses
//! allowed_origins = ["https://board.example.org"]    # sites whose pages may call the API
//! [notify]                                           # whom to send notices to
//! ```

mod file;
mod notify;

pub(super) use file::Settings;
pub(super) use notify::{Notify, Target};
