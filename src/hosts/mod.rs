//! Programs that start coding agents: what `harness connect` writes for each of them, and what `harness hook` does when
//! they call it.
//!
//! ```text
//! connect ── table ── one file a program: its files, its events, which variable names the tree
//!    │                  │
//!    ▼                  ▼
//!  edit               hook ── payload ── agent, verify
//! ```
//!
//! Invariants:
//! - What others wrote into a program's file stays byte for byte; what harness wrote is recognised and taken out again.
//! - A file that is broken, or has something of its own where harness would write, is refused with its line, and then no
//!   file is written.
//! - A hook is safe to call twice. It acts on the tree that the program names, never on the one that `AGENT_ID` names.

mod claude;
mod codex;
mod conductor;
mod connect;
mod cursor;
mod edit;
mod emdash;
mod error;
mod hook;
mod kilo;
mod orca;
mod payload;
mod program;
mod session;
mod superset;
mod symphony;
mod table;
mod tree;
mod worktrunk;

pub use connect::{Connecting, connect};
pub use error::Error;
pub use hook::{Caller, Reply, hook};
pub use table::names;
