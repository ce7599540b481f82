//! What `/proc` says of processes and sockets: the only reader of either.
//!
//! Two ways of looking at processes. [`descendants`] walks `/proc/<pid>/task/<pid>/children`, a few dozen
//! microseconds for a stack; below a guardian that has been subreaper all along this is complete, because an orphan
//! of the stack becomes the guardian's child whatever sessions it opens and whatever environment it wipes.
//! [`processes`] reads the whole of `/proc`, one `stat` a process.
//!
//! A pass over all processes costs milliseconds, so callers that ask several questions take one pass and answer
//! them from it: [`processes`] for processes, [`Listeners`] for ports.

mod children;
mod connection;
mod environment;
mod identity;
mod inherited_marker;
mod listening;
mod sockets;
mod stat;
mod stop;
mod visitors;

pub use children::{children_of, descendants, lists_children, with_descendants};
pub use connection::connection_owner;
pub use environment::{
    MARKER, arguments_of, command_line, exec_marker_value, is_of_stack, marked_stacks, marker_value,
    processes_with_marker, processes_with_variable, variables_of,
};
pub use identity::{ProcessIdentity, boot_id};
pub use inherited_marker::{InheritedMarker, shed_inherited_marker};
pub use listening::{ListeningSocket, SocketTable, socket_cookie};
pub use sockets::{Listener, Listeners, holders_of, holds};
pub use stat::{Stat, parent_of, processes};
pub use stop::{Stop, StopPatience, Stopped, stop_processes, stop_processes_async, wait_for_exit_async};
pub use visitors::has_visitors;
