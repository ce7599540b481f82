//! The guardian: so small that it does not fail.
//!
//! It is the subreaper of the stack, starts the supervisor, and holds what must outlive it: the lock, the
//! socket, the read ends of all pipes, the list of processes, and the last saved state. When the
//! supervisor dies, however that comes, its children become the guardian's; it reaps them by pid,
//! remembers how they ended, and starts a new supervisor with all of this. No application is restarted,
//! none dies of SIGPIPE, and no exit status is lost.
//!
//! It also serves the stack's loopback map ([`crate::system::loopback_map`]): it lives as long as the programs do, and
//! it is the ancestor of all of them, which Yama (`kernel.yama.ptrace_scope = 1`, the default of Ubuntu) demands of who
//! takes over a socket; a server process beside it would be none. A call costs it some twenty microseconds and never
//! makes it wait. So a supervisor may die at any moment without a program noticing; if the guardian dies, the
//! supervisor becomes it with copies of all listeners, and calls wait for the milliseconds between.
//!
//! It parses no configuration, opens no file and has no runtime: one loop around `poll`.

mod calls;
mod children;
mod watch;

pub(crate) use children::exit_status;
pub(crate) use watch::run;
