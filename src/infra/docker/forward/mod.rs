//! The forwarder: a container cannot reach an application that listens on loopback, and an application should
//! not have to listen on every address because of that.
//!
//! `harness __forward` is a process of an agent's stack. It listens on the address that this machine has on the
//! containers' network, on the agent's ports only, and passes connections on to loopback. Nothing outside of this
//! machine reaches that address.
//!
//! Invariant: it never takes a port from the application. It listens on a port only while an application listens there
//! on loopback; it closes the port when the application ends, or listens on every address itself.

mod entry;
mod process;
mod relay;
mod sockets;

pub use entry::entry;
pub use process::process;
pub(super) use relay::accept;
