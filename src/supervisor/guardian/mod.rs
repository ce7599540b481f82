//! The guardian: so small that it does not fail.
//!
//! It is the subreaper of the stack, starts the supervisor, and holds what must outlive it: the lock, the
//! socket, the read ends of all pipes, the list of processes, and the last saved state. When the
//! supervisor dies, however that comes, its children become the guardian's; it reaps them by pid,
//! remembers how they ended, and starts a new supervisor with all of this. No application is restarted,
//! none dies of SIGPIPE, and no exit status is lost.
//!
//! It parses no configuration, opens no file and has no runtime: one loop around `poll`.

mod children;
mod watch;

pub(crate) use children::exit_status;
pub(crate) use watch::run;
