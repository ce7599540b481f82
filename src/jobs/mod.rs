//! Jobs: attempts of coding agents at tickets, each in a complete running stack.
//!
//! ```text
//! machine/    what may become of a ticket and of a job, without I/O
//! rehearse/   `harness rehearse`: does the work of several go together?
//! work/       `harness work`: claims jobs, and does them on this machine; `gc` and `doctor` with what jobs have left
//! own         harness itself, as a process
//! ```
//!
//! `serve` keeps the queue and drives the machines.

mod machine;
mod own;
mod rehearse;
mod work;

pub use machine::{Effect, Happened, Wish, next, step};
pub use rehearse::{Request as RehearseRequest, rehearse};
pub use work::{Access, Say, WorkOptions, complete, doctor, gc, handed_over, work};
