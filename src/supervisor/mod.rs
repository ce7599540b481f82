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
//! * **Both die**: pipes break. The next command finds the lock free, ends everything that has one of the
//!   stack's markers or is in the record with its identity, and starts a new trio. A child that was forked and
//!   not yet executed has closed lock, socket and pipes as its first act, and ends.
//! * **The supervisor is frozen** (a signal stopped it, or it hangs): the guardian, which asks it every few seconds, kills
//!   it and starts another as above. A frozen guardian is let go on by its supervisor. If both are stopped, the next
//!   command that changes the stack lets them go on; one that only reads names them.
//! * **The binary is replaced**: the trio goes on as it is; [`Client::replace`] makes guardian and then
//!   supervisor become the new one.
//!
//! # How OS processes are found
//!
//! All OS processes of a stack are descendants of its guardian, whatever sessions they open, because it is their
//! subreaper. Which supervised process one belongs to follows from descent, session, process group, the environment
//! variable `HARNESS_PROCESS`, and the inherited marker: a resource limit that survives a wiped environment, a new
//! session and the death of every parent ([`crate::system::proc::InheritedMarker`]). So what a leader started ends with
//! it, however it ended. After a guardian died, orphans may be children of init; then all of `/proc` is searched for
//! sessions and both markers. A cgroup would add nothing to this, and an ordinary user has none on most machines and in
//! most containers. `status --json` shows which ways are in force (`tracking`) and why (`tracking_reason`).
//!
//! A look at `/proc` is shared by everyone who asks at that moment and answers each question from an index
//! (`process_tree`), so the work of a stop grows with the number of processes and not with its square.
//!
//! Signals are sent by identity only: pid, start time and boot, through a pidfd.
//!
//! # Sessions
//!
//! A session is a process with a terminal that a command adds to a running stack ([`Client::start_session`]). It is kept
//! in the config in force and not in `processes.toml`, so the guardian holds it as it holds all else, and a new rendering
//! does not end it. What concerns "all processes" (start, stop, restart, health, drift) does not concern sessions.
//!
//! There is one reader of a terminal, the supervisor, and one place where its bytes go, the log. Viewers follow the log
//! file ([`logs::Tail`]) and do not depend on anybody: a frozen viewer holds up nothing, and one that is slow or comes
//! late goes on at the keyframe that stands at the head of each log file ([`crate::screen`]). When the supervisor is
//! killed, the terminal's master end lives on with the guardian, output waits in the kernel, and the next supervisor
//! writes on; a viewer notices a pause of milliseconds. A stream from supervisor to viewers was the alternative: it needs
//! queues, limits and a way to begin again, all of which the log has.
//!
//! Input goes the shortest way: a viewer gets a copy of the master end ([`Client::terminal`], as [`passage`] hands over
//! connections) and writes keys into it. So typing works while the supervisor is being replaced, and a program that does
//! not read holds up its typist alone. The size is changed by request, because the supervisor notes the change among the
//! bytes of the log where it happened.
//!
//! # What it does not do
//!
//! It knows nothing of projects, templates or databases: its inputs are `processes.toml` and the mark of the directory
//! that it ends with (`tree.json`, see [`TreeMarks`]), and its truth is what [`Client::snapshot`] answers.

mod client;
mod config;
mod connection;
mod entry;
mod error;
mod exchange;
mod execute;
mod follower;
mod frame;
mod guardian;
mod handover;
mod heartbeat;
mod launcher;
mod link;
mod listeners;
mod lock;
pub mod logs;
mod look;
mod machine;
mod own_log;
mod passage;
mod process_tree;
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
mod trio;
mod vanish;
mod watch;

#[cfg(test)]
mod testing;

pub use client::Client;
pub use config::{load as rendered_spec, spec_digest};
pub use entry::entry;
pub use error::{Error, Result};
pub use exchange::exchange;
pub(crate) use follower::Follower;
pub use launcher::{Launcher, Started, start};
pub use protocol::{Destination, StopReport, Survivor};
pub(crate) use readiness::readable;
pub use snapshot::{ExitStatus, MemoryUse, Phase, ProcessSnapshot, SessionSnapshot, StackSnapshot};
pub use spec::{
    ConditionSpec, DependencySpec, ProbeCheckSpec, ProbeSpec, ProcessSpec, RestartSpec, RunAs, SessionSpec, StackSpec,
    StdinSpec, StopSpec, WatchSpec,
};
pub use stats::{StackUsage, Usage, age_ms, stack_stats, stats};
pub use sweep::{SweepReport, end_silent, survivors, sweep, sweep_blocking};
pub use trio::supervised_by;
pub use vanish::{NotedMove, TreeMarks};
pub(crate) use watch::{Sign, watch as watch_files};
