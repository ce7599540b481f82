//! What the small tasks tell the one that owns the truth.

use std::os::fd::OwnedFd;

use tokio::sync::{mpsc, oneshot};

use crate::supervisor::link::ToSupervisor;
use crate::supervisor::machine::News;
use crate::supervisor::protocol::{Request, Response};
use crate::supervisor::snapshot::ExitStatus;
use crate::supervisor::watch::Sign;

/// A message to the supervisor's main task.
pub(super) enum Message {
    /// News of a run, for the machine.
    News { name: String, run: u64, news: News },
    /// The leader of a run has ended; how is still to be seen.
    Ended { name: String, run: u64 },
    /// How the leader of a run ended that another process reaped.
    Fate { name: String, run: u64, status: ExitStatus },
    /// A pipe of a run is at its end.
    Silent { name: String, run: u64 },
    /// The guardian says something.
    Guardian(ToSupervisor),
    /// The guardian is dead.
    GuardianDied,
    /// A client asks.
    Request(Request, oneshot::Sender<Response>),
    /// A client asks for the master end of a terminal.
    Terminal(String, oneshot::Sender<Result<OwnedFd, Response>>),
    /// What watches a process's files says something.
    Files { name: String, sign: Sign },
    /// SIGTERM or SIGINT: stop everything.
    Terminate,
}

/// Where messages go.
pub(super) type Sender = mpsc::UnboundedSender<Message>;
