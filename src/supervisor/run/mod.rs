//! The supervisor process: does what the machine decides, and gives it the outcome as events.
//!
//! One thread, one task that owns the state (`supervisor.rs`), and small tasks that wait for one thing
//! each (an exit, output, a probe's answer, a client) and send it a message. It is the parent of the
//! processes it starts. Each gets a session of its own, an empty standard input, an open one or a terminal, pipes for
//! its output, a clean environment with the stack's marker, the inherited marker, and a higher `oom_score_adj`, so that
//! the kernel ends the application before its supervisor.
//!
//! The first act of a child after `fork` is to close all that it inherited: it holds the stack's lock, the control
//! socket and both ends of its own pipe until then, and close-on-exec does nothing before `exec`. Then it waits for a
//! byte that is sent after the guardian knows of it. If the supervisor dies in between, the pipe ends and the child
//! with it, so that nothing runs that the guardian does not know; the next supervisor starts it again at once.
//! `PR_SET_PDEATHSIG` is no alternative, because it would kill applications with their supervisor.
//!
//! If the guardian dies, the supervisor becomes the guardian in place (`exec`, same pid, so it stays the
//! parent of its children) and starts a fresh supervisor.

mod act;
mod control;
mod farewell;
mod idle;
mod mapping;
mod memory;
mod memory_use;
mod messages;
mod outcome;
mod output;
mod park;
mod parking;
mod probe;
mod publish;
mod redaction;
mod requests;
mod sessions;
mod spawn;
mod stop_tree;
mod streams;
mod supervisor;
mod surroundings;
mod takeover;
mod terminal;
mod watches;

pub(crate) use supervisor::run;
