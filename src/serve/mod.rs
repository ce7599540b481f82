//! `harness serve`: the verbs over HTTP, what happens as events, tickets and their queue, and the pages that show it all.
//!
//! ```text
//! run        from the lock of the home to the last request
//! detached   the same in the background, as a stack of its own
//! guard      host, origin, token: before anything is answered
//! api/       one table of routes, from which the router and the OpenAPI document are made
//! pages/     the same for people: HTML, which works without scripts and is live with them
//! work       a verb's library function, on a thread of its own; jobs, which outlive their request
//! terminal   a session in a page: its screen as JSON, and what is typed
//! metrics/   figures for a scraper; `counted` counts
//! notify/    notices to people elsewhere
//! watch/     what commands and supervisors do, as events
//! gateway/   one address in front of all stacks
//! expiry     leases of the queue that end
//! sources/   tickets from issues of GitHub
//! store/     SQLite, owned by one thread: tasks, events, jobs, the queue
//! ```
//!
//! # Threads
//!
//! One thread with one runtime answers all requests but the gateway's, which has its own. It never waits for a verb: the futures of verbs are not `Send`, and
//! some read `/proc` or files for milliseconds on end. So each call of a verb has a thread with a runtime of its own. That
//! costs some 100 µs, keeps a slow one from delaying others, and lets a panic end one call alone; their number is
//! bounded. A `LocalSet` beside the server would spare the threads and have every reader of events wait for whoever
//! reads `/proc`. A call whose client has gone is dropped, as a signal ends its verb; a job is not.
//!
//! # Invariants
//!
//! - Without the token nothing is told but that the server lives. Who has it may do what the owner's shell may.
//! - What was answered with success is in the database, and survives `kill -9`.
//! - An event is in the store before anybody hears of it, so a number that a reader has seen is never given twice.
//! - A reader that does not read costs one batch of events, whatever happens meanwhile.
//! - SIGTERM: no new connection, jobs are interrupted as by Ctrl-C, and after 30 s at the latest the process ends.

mod api;
mod ask;
mod client;
mod counted;
mod detached;
mod error;
mod events;
mod expiry;
mod failures;
mod gateway;
mod guard;
mod keys;
mod link;
mod links;
mod marked;
mod metrics;
mod notify;
mod pages;
mod place;
mod progress;
mod refusal;
mod router;
mod run;
mod saved;
mod settings;
mod site;
mod sources;
mod store;
mod surroundings;
mod terminal;
mod watch;
mod work;
mod workers;
mod working;

pub use ask::ask;
pub use client::access;
pub use detached::{detach, status, stop, stop_if_detached};
pub use error::Error;
pub use events::follow_events;
pub use gateway::{GatewayOptions, TrustAction, trust};
pub use link::link;
pub use run::{Options, run};
pub use saved::{keep_from_serving, place_of_database, save_database};
