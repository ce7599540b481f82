//! Keeps the processes of one stack alive.
//!
//! # Three kinds of process
//!
//! ```text
//! guardian       subreaper; holds lock, socket, pipes; starts the supervisor again
//!   supervisor   decides, starts, probes, writes logs, answers commands
//!     api        one supervised process, with a session of its own
//!     web
//! ```
//!
//! All are this binary (`harness __guardian`, `harness __supervisor`) in a session of their own, with one
//! thread, no network listener and an empty environment.
//!
//! * **The supervisor dies**: its children become the guardian's, which holds the other copies of their
//!   pipes, reaps them, and starts a supervisor that goes on with the saved state. Pids, logs and exit
//!   statuses are kept.
//! * **The guardian dies**: the supervisor becomes the guardian by `exec` in place, so that it stays the
//!   parent of its children, and starts a supervisor as above.
//! * **Both die**: pipes break. The next command finds the lock free, ends whatever carries the stack's
//!   environment marker or stands in the record with its identity, and starts afresh.
//! * **The binary is replaced**: the trio goes on as it is; [`Client::replace`] makes guardian and then
//!   supervisor become the new one.
//!
//! # How members are found
//!
//! A stack's processes are the guardian's descendants, whatever sessions they open: it is their subreaper.
//! Which supervised process one belongs to is told by descent, session, process group, and the variable
//! `HARNESS_PROCESS` that each was born with. After a guardian died, orphans may hang below init; then the
//! whole of `/proc` is searched for sessions and the environment marker `HARNESS_STACK`. A cgroup would
//! tell as much, but an ordinary user has none to give away on most machines and in most containers, and
//! a second mechanism that is mostly absent is one more way to be wrong. It would add one thing: an orphan
//! that wiped its environment *and* whose guardian and supervisor were both killed is found by neither
//! marker nor record. `status --json` says which ways are in force (`tracking`) and why (`tracking_reason`).
//!
//! Nothing is signalled but by identity: pid, start time and boot, through a pidfd.
//!
//! # What it does not do
//!
//! It knows nothing of projects, templates or databases: its one input is `processes.toml`, and its truth
//! is what [`Client::snapshot`] answers.

mod client;
mod config;
mod connection;
mod entry;
mod error;
mod handover;
mod execute;
mod frame;
mod guardian;
mod launcher;
mod link;
mod lock;
pub mod logs;
mod machine;
mod process_tree;
mod own_log;
mod protocol;
mod readiness;
mod record;
mod run;
mod signals;
mod snapshot;
mod socket;
mod spec;
mod stats;
mod sweep;
mod trim;
mod watch;

#[cfg(test)]
mod testing;

pub use client::Client;
pub use config::{load as rendered_spec, spec_digest};
pub use entry::entry;
pub use error::{Error, Result};
pub use launcher::{Launcher, Started, start};
pub use protocol::{StopReport, Survivor};
pub use snapshot::{ExitStatus, Phase, ProcessSnapshot, StackSnapshot};
pub use spec::{
    ConditionSpec, DependencySpec, ProbeCheckSpec, ProbeSpec, ProcessSpec, RestartSpec, RunAs, StackSpec, StdinSpec,
    StopSpec, WatchSpec,
};
pub use stats::{StackUsage, Usage, age_ms, stack_stats, stats};
pub use sweep::{SweepReport, sweep};
