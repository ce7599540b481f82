//! Figures for a scraper, in the text format of `OpenMetrics`, which Prometheus reads.
//!
//! What is counted as it happens is in [`super::counted`].
//!
//! ```text
//! momentary  how things are when somebody asks: stacks, memory, restarts, tasks, jobs
//! requests   counts each request by its route
//! ```
//!
//! Nothing is asked by the clock. What happens is counted from the stream of events, and what is, comes from what the
//! watchers saw last; only memory is measured, when a scraper asks. `docs/serve.md` lists the names.
//!
//! Invariant: labels come from the table of routes, the words of documents, and the names of stacks and processes, never
//! from what a client sends. So their number is bounded.

mod momentary;
mod requests;

pub(super) use momentary::momentary;
pub(super) use requests::count;
