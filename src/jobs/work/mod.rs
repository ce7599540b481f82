//! `harness work`: a worker, which claims jobs of a queue and does them on this machine.
//!
//! ```text
//! run         claims jobs, and starts each on a thread and a runtime of its own: launching blocks
//! reporter    says to the server that a job is at work, and what is said about it
//! job         one job from step to step: prepare, work, verify, deliver, end, tidy
//! kept        what must be known to go on after the worker was killed
//! cost        what the program says that it costs
//! watch       the session of the program, until its round is over
//! contain     the same in a container: made, followed, removed by the worker; containers: by which settings
//! left        containers that nobody goes on with
//! inside      the other end: from the launch to the verdict; handover: what both say to each other
//! ```
//!
//! Invariants:
//! - A step is written down before the next one begins, and each can be begun again: the branch and the session of a job
//!   have names that follow from it, and a push or a pull request that is there is not made twice.
//! - A job whose lease is lost pushes nothing from then on: the server is asked just before the push.
//! - A container never has the key of the worker or a token of GitHub: commits come out of it, and the worker pushes.
//! - No word of a ticket is part of a command line that a shell reads, or of a template.
//! - What is said elsewhere (log, summary, pull request) holds no value of a secret variable.

mod api;
mod bundle;
mod call;
mod checks;
mod complete;
mod contain;
mod containers;
mod cost;
mod deliver;
mod environment;
mod error;
mod fallback;
mod follow;
mod github;
mod handover;
mod images;
mod inside;
mod job;
mod kept;
mod left;
mod line;
mod prepare;
mod program;
mod prompt;
mod reporter;
mod repository;
mod round;
mod run;
mod secrets;
mod settings;
mod stack;
mod stop;
mod tidy;
mod verify;
mod watch;

pub use complete::complete;
pub use inside::handed_over;
pub use left::{doctor, gc};
pub use run::{Say, work};
pub use settings::{Access, WorkOptions};
