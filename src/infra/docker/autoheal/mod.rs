//! Restarts a container that needs it while no command runs.
//!
//! Docker's restart policies restart a container whose process ended. They do nothing for one whose health check
//! fails, nor for one that was killed from outside (`docker kill`). `harness __autoheal` does: one small process in
//! the stack `infra` of a home whose servers are containers, under the same supervisor as the native servers. It reads
//! the engine's event stream, and asks each server for a sign of life every two seconds.
//!
//! ```text
//! stack    the process as a stack: started by `setup`, ended by `teardown --infra`
//! entry    the hidden command
//! watch    the event stream; connects again after the engine was restarted
//! judge    when to look at which container: a function of events and time
//! mend     looks at one container, and starts or restarts it
//! pulse    which server runs and does not answer
//! log      what it prints
//! ```
//!
//! Invariants: only containers of the home's own project are touched; one that was stopped or removed on request is
//! left alone, a paused server of harness is resumed (agents depend on it); nothing is done while a command holds the
//! infra's lock; what Docker calls unhealthy but answers is left alone too, and looked at again.

mod entry;
mod judge;
mod log;
mod mend;
mod pulse;
mod stack;
mod watch;

pub use entry::entry;
pub use stack::NAME;
pub(in crate::infra) use stack::observe;
pub(super) use stack::{ensure, is_up};
