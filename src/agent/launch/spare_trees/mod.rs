//! The process that makes spare trees: `harness __refill-trees`, which a launch starts in the background when it has ended,
//! and which ends when they are there.
//!
//! As with the spares of databases, no resident process: it would take memory for ever, and nothing is lost with one that
//! is killed, since the next removes what is unfinished. It runs at low priority. `HEAD` may move without a command of
//! harness; a spare of an older commit is brought up to date by the next refill, or by the launch that takes it.
//!
//! One at a time fills the spares of a project. One that finds the lock taken ends: the holder counts again after it has
//! given the lock back, so a spare that was handed out meanwhile is replaced.
//!
//! There is no agent yet, so steps of `[prepare]` run with what all agents have in common. At the first step that names
//! a value or a variable that is an agent's own the rest is left to the launch, because later steps may need what it makes.

mod entry;
mod refill;
mod steps;

pub use entry::entry;
pub(in crate::agent) use refill::is_wanted;
