//! Running a program to its end: template steps, `post_clone`, `prepare`, the commands of `verify`.
//!
//! The program gets a session of its own, exactly the environment it is given and an empty standard
//! input. Its output (both streams through one pipe, so that their order is kept) is passed on line
//! by line, written raw to a log file where one is asked for, and kept as a bounded tail.
//!
//! Invariants: the end of the *program* ends the run, not the end of its output, which a grandchild
//! may hold open; when the run ends, however it ends (exit, timeout, the future dropped), nothing that
//! the program started is alive, apart from a process that left the session *and* cleared its
//! environment *and* lost its parent; memory does not grow with the output.
//!
//! ```text
//! spec      what is run            running   the child and its process tree
//! run       runs it to its end     ending    how it ended; tail: what it printed last
//! ```

mod ending;
mod run;
mod running;
mod spec;
mod tail;
#[cfg(test)]
mod tests;

pub use ending::{Ending, Output};
pub use run::run;
pub use spec::{CommandSpec, Program};
