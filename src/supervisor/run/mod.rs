//! The supervisor process: carries out what the machine decides, and tells it what happens.
//!
//! One thread, one task that owns the truth (`supervisor.rs`), and small tasks that wait for one thing
//! each (an exit, output, a probe's answer, a client) and send it a message. It is the parent of the
//! processes it starts. Each gets a session of its own, stdin from `/dev/null`, two pipes, a clean
//! environment with the stack's marker, and a higher `oom_score_adj`, so that the kernel takes the
//! application before what watches over it.
//!
//! Between `fork` and `exec` the child waits for a byte that is sent after the guardian was told of it: if
//! the supervisor dies in between, the child ends by itself, and nothing runs that nobody knows. That is
//! why no `PR_SET_PDEATHSIG` is needed, which would kill applications with their supervisor.
//!
//! If the guardian dies, the supervisor becomes the guardian in place (`exec`, same pid, so it stays the
//! parent of its children) and starts a fresh supervisor.

mod act;
mod stop_tree;
mod control;
mod farewell;
mod memory;
mod messages;
mod outcome;
mod output;
mod probe;
mod requests;
mod spawn;
mod supervisor;
mod takeover;
mod watches;

pub(crate) use supervisor::run;
