//! Is an agent's work done? Stages of commands, their first diagnostic, and the tree it all holds for.
//!
//! A run ends in one [`report::Verify`](crate::report::Verify), whatever the commands do. It is bound
//! to the git tree of everything in the work tree: a tree that changed meanwhile never passes, and a
//! later question ([`status()`]) is answered by comparing trees, never by time.
//!
//! Invariants: nothing that a command started outlives its stage; the plan is the project root's, so
//! that an agent cannot weaken its own gate (the caller passes it in); memory does not grow with what
//! commands print.

mod affected;
mod against;
mod command;
mod error;
mod evidence;
mod export;
mod gate;
pub mod hook;
mod http;
mod index;
mod judge;
mod network;
mod orphans;
mod plan;
mod repository;
mod run;
mod runs;
mod stages;
mod status;
mod watch;
mod work_tree;

pub use against::judge_against;
pub use error::Error;
pub use evidence::{Differences, check, may_be_signed, public_key, sign, touched};
pub use export::{annotations, junit, may_be_written};
pub use gate::gate_commits;
pub use judge::{Judgement, could_not_judge, judge};
pub use plan::{Evaluate, Selection, list};
pub use run::{Request, Verdict, run};
pub use stages::CommandFailures;
pub use status::{Content, last_report, status};
pub use watch::watch;

pub use crate::agent::OwnServers;
