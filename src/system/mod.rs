//! What harness needs of the operating system, and nothing of what harness is about.
//!
//! Files that are replaced atomically, advisory locks, deadlines, processes and ports as `/proc` shows them, text
//! that programs print, the service user, the loopback map, and the directory of the home.
//!
//! Invariants: every error names its path; no file becomes visible half-written; nothing is signalled before pid,
//! start time and boot id were compared.

mod atomic;
mod checkout;
mod command;
mod deadline;
mod detached;
mod directory_mark;
mod error;
mod git;
mod hexadecimal;
mod home;
mod http;
mod http_server;
mod https;
mod lock;
pub mod loopback_map;
mod loopback_name;
mod memory;
mod open_files;
mod ports;
pub mod proc;
mod process_tree;
mod secret;
mod stop;
#[cfg(test)]
pub(crate) mod testing;
pub mod text;
mod tty;
mod until_signal;
mod user;
mod versioned;

pub use atomic::{create_private_dir, read_optional, remove_if_exists, write_atomic};
pub use checkout::Checkout;
pub use command::{CommandSpec, Ending, Output, Program, run};
pub use deadline::{Deadline, TimedOut};
pub use detached::{Detached, work_detached};
pub use directory_mark::{DirectoryMark, Fate};
pub use error::{Error, Result, unless_full, with_causes};
pub use git::{Git, GitError, GitOutput, HALF_MADE, HALF_MADE_PAUSE, RunningGit, is_half_made};
pub use hexadecimal::hexadecimal;
pub use home::{Home, StackName};
pub use http::{HttpAnswer, connect as http_connect, exchange as http_exchange, exchange_over as http_exchange_over};
pub use http_server::{Limits as HttpLimits, accept as http_accept, serve as http_serve};
pub use https::{HttpsClient, https_client};
pub use lock::{FileLock, Holder};
pub use loopback_name::is_loopback_name;
pub use memory::Memory;
pub use open_files::raise_open_files;
pub use ports::{
    PortHolder, becomes_bindable, ephemeral_range, holds_for_container, is_bindable, port_holder, reserved_ports,
    reserving, stranger_at,
};
pub use proc::{
    MARKER, ProcessIdentity, boot_id, marked_stacks, marker_value, processes_with_marker, processes_with_variable,
};
pub use secret::Secret;
pub use stop::Stop;
pub use tty::{RawTerminal, terminal_size};
pub use until_signal::until_signal;
pub use user::{ServiceUser, effective_uid};
pub use versioned::{Versioned, read_versioned, write_fleeting, write_versioned};
