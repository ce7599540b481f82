//! The loopback map: programs whose ports are written in their source run beside each other.
//!
//! ```text
//! program        bind(0.0.0.0:3000)   connect(127.0.0.1:5432)
//!    │ seccomp filter, user notification
//! server         bind(0.0.0.0:5010)   connect(127.0.0.1:15432)   on the program's own socket
//! ```
//!
//! A program is started under a filter that hands its `bind` and `connect` calls to a descriptor, the *listener*. Who
//! holds it reads the address from the program's memory. A mapped port is replaced: the server takes the socket by
//! `pidfd_getfd`, makes the call itself with the other port, and the program gets the outcome as that of its own call.
//! Everything else continues in the kernel as if there were no filter. No root, no namespace, no preloaded library: it
//! works for static programs and for everything that a program starts.
//!
//! The server never waits. A connect on a socket that blocks is begun without waiting, and the program's own call is
//! continued: the kernel then waits for the connect that is under way, with its signals and its time limits, and does
//! not look at the address any more. So one loop serves all programs of a stack. A server that is killed half-way leaves
//! the call to its successor ([`Slot`]).
//!
//! Invariants: a program that is served never waits for anything but its own connect; an answer is given once, to the
//! call that was looked at (`SECCOMP_IOCTL_NOTIF_ID_VALID` after its memory was read); what cannot be looked at (a
//! program that denies it) continues unchanged.
//!
//! It is a convenience and no barrier: a program may replace the address while it is read, call `sendto`, or use
//! `io_uring`. The BPF program is seven instructions and built here, because `seccompiler` has no user notification and
//! `libseccomp` needs a C library.

mod address;
mod attach;
mod call;
mod descriptor;
mod entrance;
mod error;
mod filter;
mod guard;
mod listener;
mod outer;
mod ports;
mod probe;
mod slot;
mod watch;

pub use attach::{Attached, LoopbackMap};
pub use entrance::{Door, Entrance};
pub use error::Error;
pub use guard::entry;
pub use listener::{Listener, Served};
pub use outer::{MAPPED, check_outer, stack_of};
pub use ports::PortMap;
pub use probe::probe;
pub use slot::Slot;
pub use watch::{Stranger, Watch};
