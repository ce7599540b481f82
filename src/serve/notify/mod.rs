//! Tells people elsewhere: a webhook, a chat of Telegram. Off unless `serve.toml` says where to.
//!
//! ```text
//! rules      what is worth telling: a function of events, states and time
//! target     a notice as a request
//! send       one target: a queue, attempts, pauses
//! run        follows the events
//! ```
//!
//! Invariants: the server never waits for a target; what a target does not take is given up after a bounded time and
//! counted; a secret is in no message, log or metric.

mod rules;
mod run;
mod send;
mod target;

pub(super) use run::start;
pub(super) use send::say;
