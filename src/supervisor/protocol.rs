//! What a command and a supervisor say to each other: length-prefixed JSON over a Unix socket.
//!
//! A client sends [`Hello`] and one [`Request`] at once, the server answers with [`Welcome`] and one
//! [`Response`], and the connection ends: a supervisor that is replaced in between costs one repeated
//! request. `Hello`, `Welcome` and [`Request::Replace`] keep their shape in every version, since they
//! are what mends a version gap.

use serde::{Deserialize, Serialize};

use super::snapshot::StackSnapshot;
use super::spec::ProcessSpec;
use crate::screen::Size;
use crate::system::ProcessIdentity;

/// What this binary speaks; the number grows when requests or answers change incompatibly. It is a text, so that
/// `strings` tells of any binary what it speaks, and so that a test can make one that speaks something else.
const SPOKEN: &str = "harness supervisor protocol 0002";

/// The number in [`SPOKEN`].
pub(crate) fn protocol() -> u32 {
    let (_, number) = std::hint::black_box(SPOKEN).rsplit_once(' ').unwrap_or_default();
    number.parse().unwrap_or(0)
}

/// Version of this binary.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Longest message in bytes; a longer one ends the connection.
pub(crate) const LARGEST_FRAME: usize = 4 << 20;

/// Code of the answer to a request that the supervisor does not understand: it is of an older binary.
pub(crate) const UNKNOWN_REQUEST: &str = "supervisor.request";

/// First message of a client.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Hello {
    pub(crate) protocol: u32,
    pub(crate) version: String,
}

/// First message of the server.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Welcome {
    pub(crate) protocol: u32,
    pub(crate) version: String,
    pub(crate) stack: String,
}

/// What a client wants.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "request")]
pub(crate) enum Request {
    /// The state now.
    Snapshot,
    /// The state once its generation differs from the given one, or after the timeout. A client that keeps the
    /// connection open until it has asked again is shown the last state of a stack that ends.
    Changed { generation: u64, timeout_ms: u64 },
    /// Reads `processes.toml` again. `revive` starts what has failed or was never started.
    Apply { restart_changed: bool, revive: bool },
    /// Starts processes and what they depend on; all that are not disabled where no name is given.
    Start { names: Vec<String> },
    /// Stops processes; all where no name is given.
    Stop { names: Vec<String> },
    /// Stops and starts processes; all that are wanted where no name is given.
    Restart { names: Vec<String> },
    /// Stops all processes until a client connects to one of their ports.
    Park,
    /// Starts what was parked.
    Wake,
    /// A connection to what belongs to the stack, for a command that has no network of its own.
    Connect { to: Destination },
    /// Adds a session to the stack.
    StartSession { name: String, process: Box<ProcessSpec> },
    /// Takes a session off the list, which must have ended.
    RemoveSession { name: String },
    /// The master end of a process's terminal.
    Terminal { name: String },
    /// Another size of a process's terminal.
    Resize { name: String, size: Size },
    /// Stops everything; the trio ends.
    Shutdown,
    /// The trio replaces itself by the binary at this path; processes live on.
    Replace { binary: String },
}

/// Where a command may be connected to: the stack's own ports and its own database, and nothing else. A command in a
/// sandbox shall not reach through the socket what its sandbox keeps from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Destination {
    /// A port that a process of the stack is to listen on, on whichever loopback address it does.
    Port(u16),
    /// The server of the stack's database.
    Database,
}

/// What the server answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "response")]
pub(crate) enum Response {
    /// The state.
    Snapshot(Box<StackSnapshot>),
    /// The last words of a supervisor.
    Stopped(StopReport),
    /// The address of what the client wants a connection to. The connection itself goes to the client.
    Address { address: String },
    /// Done, nothing to tell. To a request for a connection or a terminal, that comes along.
    Done,
    /// Not done.
    Error { code: String, message: String },
}

/// What stopping a whole stack came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopReport {
    /// What could not be killed or still holds a port; empty on success.
    pub survivors: Vec<Survivor>,
}

/// A process of the stack that outlived SIGKILL, or still listens on one of its ports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Survivor {
    /// The supervised process that it belongs to; empty when that is not known.
    pub process: String,
    /// Who it is; `None` when only a port is known to be held.
    pub identity: Option<ProcessIdentity>,
    /// Its command line.
    pub command: String,
    /// Ports of the stack that it holds.
    pub ports: Vec<u16>,
}
