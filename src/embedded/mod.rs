//! The native engine's own servers: S3 ([`s3`]) and mail ([`mail`]).
//!
//! They are ordinary supervised processes of the stack `infra`: the same binary, started as `harness __s3 …`
//! and `harness __mail …`. Each runs on one thread, keeps its data in one directory, and ends promptly and
//! cleanly on SIGTERM. Secrets reach them by environment variable or file, never by argument.
//!
//! Both refuse a `Host` header that is not theirs (`host`), since a web page could reach them by DNS rebinding otherwise.
//!
//! Invariants: a server listens only on the addresses that it is given; ordinary SDKs work with the S3 server as
//! with any other; nothing that a client sends becomes a path on this machine.

mod entry;
mod error;
mod host;
mod http;
mod log;
pub mod mail;
pub mod s3;

pub use entry::entry;
pub use error::{Error, Result};
