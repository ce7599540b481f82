//! PostgreSQL: an installed server or a pinned download on the native engine, an image in a container.
//!
//! ```text
//! record           what the home's record keeps
//! server           how it is chosen, started, asked and reached
//! choice           which programs: installed ([`binaries`]) or downloaded ([`download`])
//! cluster          the data directory: made, configured ([`server_config`], [`memory`]), judged after a crash
//!                  of the machine ([`crash`], [`control_data`])
//! ```
//!
//! Invariants: a data directory is complete when it has its name (`initdb` works on another one and the result
//! is renamed); a data directory that a host crash may have damaged is never started, but moved aside, whole.

mod binaries;
mod choice;
mod cluster;
mod control_data;
mod crash;
mod download;
mod memory;
mod record;
mod server;
mod server_config;

pub(in crate::infra) use binaries::{Binaries, installed};
pub use record::{BinariesRecord, PostgresRecord};
