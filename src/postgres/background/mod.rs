//! What is done on a server while no command waits for it: `harness __on-server`, a process that ends when it is done.
//!
//! - Spares are made when a launch has ended.
//! - A database that was replaced is dropped: for a gigabyte, `DROP DATABASE` takes as long as half of the copy that took its
//!   place.
//!
//! A resident process in the stack of the shared servers was the alternative: it would take memory for ever, would have to
//! be told of everything, and there is no such stack where servers are external. Nothing is lost with one that is killed:
//! the next refill sweeps what is unfinished, and what was replaced goes with the next replacement or snapshot of this agent, its
//! teardown, or `gc`. The process carries the marker of the shared servers' stack, so that `teardown --infra` ends it.

mod entry;
mod work;

pub use entry::entry;
pub use work::{Background, DROP_LOG, SPARES_LOG};
